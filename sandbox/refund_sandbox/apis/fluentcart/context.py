"""Context of a request to the shop, with what many operations need: user, site, records that the path names, time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from refund_sandbox.apis.fluentcart import errors, parsing, php
from refund_sandbox.apis.fluentcart.errors import PluginCrash, Refusal
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.records import ORDERS, SUBSCRIPTIONS, TRANSACTIONS
from refund_sandbox.apis.fluentcart.settings import FluentCartSettings
from refund_sandbox.apis.fluentcart.shop.records import PRODUCTS
from refund_sandbox.apis.fluentcart.site_records import SITES, USERS, Site
from refund_sandbox.apis.fluentcart.versions import RULES, Rules
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress import routes
from refund_sandbox.apis.fluentcart.wordpress.plain_text import sanitize_text
from refund_sandbox.apis.fluentcart.wordpress.request import WordPressRequest, read_request
from refund_sandbox.core.context import Context
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.stores.protocol import RecordType

R = TypeVar("R")

BOUND: Mapping[str, tuple[RecordType[Any], str]] = {
    "order": (ORDERS, "Order"),
    "subscription": (SUBSCRIPTIONS, "Subscription"),
    "transaction": (TRANSACTIONS, "OrderTransaction"),
    "product": (PRODUCTS, "Product"),
}
"""Path parameters whose records the plugin loads before authorization, with the record type and the model's name."""


@dataclass
class FluentCartContext(Context):
    """One run of a request to FluentCart in WordPress."""

    settings: FluentCartSettings
    caller: WordPressRequest = field(init=False)
    """The request as WordPress reads it. Known from the start, since the headers of every reply depend on it."""
    rules: Rules = field(init=False)
    """The rules of the emulated version."""
    time: str = field(init=False)
    """The time of every change, as the database stores it."""

    def __post_init__(self) -> None:
        """Read route, method and user like WordPress. An operation that the emulated version lacks is an unknown path."""
        caller = read_request(self.request, self.site.url, self.transaction.all(USERS))
        self.caller = caller
        self.rules = RULES[self.settings.version]
        self.time = parsing.write_time(self.now)
        if self.operation or caller.method == "OPTIONS":
            method = self.operation.method if self.operation else None
            access = routes.find_access(self.spec, caller.route, self.settings.version, method, caller.permissions)
            caller.matches, caller.allow = access
            if method and method not in access.matches:
                self.operation, self.params = None, {}

    @property
    def site(self) -> Site:
        return self.transaction.get(SITES, 1) or Site()

    @property
    def reader(self) -> Reader:
        """Read access to the records. Only live validation reproduces the plugin's crashes."""
        return Reader(self.transaction, self.caller.site_url, self.rules, self.validation == "live", self.caller.permissions)

    @property
    def list_query(self) -> ListQuery:
        """Query string of a list, and the list's URL."""
        return ListQuery(self.caller.query, f"{self.caller.site_url}/wp-json{self.caller.route}")

    @property
    def crashes_before_1_4(self) -> bool:
        """Whether to imitate a crash of every call that 1.4.0 mended. Strict validation answers as the newer versions do."""
        return not self.rules.generic_errors and self.validation == "live"

    def crash_refusal(self, crash: PluginCrash) -> Refusal:
        """Return the refusal for an error of PHP. A warning has its text where the plugin hides it."""
        if self.rules.generic_errors:
            self.warn(f"The plugin fails: {crash}")
        return errors.plugin_exception(str(crash), self.rules)

    def order_id(self) -> str | None:
        """Return the order id in the path."""
        return self.params.get("order_id") or self.params.get("order")

    def order_scenario(self) -> str | None:
        """Return the scenario of the order in the path."""
        order = self.find(ORDERS, self.order_id(), for_update=False)
        return order.scenario if order else None

    def fault_fields(self) -> Mapping[str, Any]:
        """Return the ids in the path and the fields of `refund_info`."""
        ids = {_field_name(name): php.as_id(value) for name, value in self.params.items()}
        info = self.document.get("refund_info")
        return {**ids, **(info if isinstance(info, dict) else {})}

    @classmethod
    def fault_field_names(cls, operation: SpecOperation) -> frozenset[str]:
        info = operation.body.properties("refund_info") if operation.body else frozenset()
        return info.union(map(_field_name, operation.parameters))

    def gateway_error(self, at: Literal["gateway", "cancel"], **fields: Any) -> str | None:
        """Return the error message of a fault at this point and count its hit; None without a fault."""
        fault = self.claim_fault(at, **fields)
        return fault.message if fault and fault.is_refusal else None

    def text(self, name: str) -> str:
        """Return a field of the document as one line of plain text; "" for a missing field."""
        return sanitize_text(self.document.get(name))

    def find(self, kind: RecordType[R], sent: Any, *, for_update: bool = True) -> R | None:
        """Return the record with an id that was sent, compared as in MySQL."""
        key = php.as_id(sent)
        return self.transaction.get(kind, key, for_update=for_update) if key is not None else None

    def bound(self, name: str) -> Any:
        """Return the record that a path parameter names. Raise a refusal for an unknown id."""
        kind, model = BOUND[name]
        record = self.find(kind, self.params[name])
        if record is None:
            raise errors.unbound(model)
        return record


def _field_name(parameter: str) -> str:
    """Return the field of a fault's `match` for a path parameter: `order` and `order_id` are the same."""
    return parameter if parameter.endswith("_id") else f"{parameter}_id"
