"""One run of a request to FunnelFox, with the look-ups that many operations need."""

from collections.abc import Mapping
from typing import Any

from refund_sandbox.apis.funnelfox import errors, parsing, pydantic_compat
from refund_sandbox.apis.funnelfox.records import ORDERS, SUBSCRIPTIONS, Order, SecretKey, Subscription
from refund_sandbox.apis.funnelfox.settings import FunnelFoxSettings
from refund_sandbox.core.context import Context
from refund_sandbox.core.spec.operation import SpecOperation


class FunnelFoxContext(Context):
    """Context of a request. `caller` is the secret key, None for a public operation."""

    caller: SecretKey | None
    settings: FunnelFoxSettings

    @property
    def org_id(self) -> str:
        return self.params["org_id"]

    def fault_fields(self) -> Mapping[str, Any]:
        """Return every field of the document, in pydantic's spelling."""
        document = pydantic_compat.coerce(self.document)
        if not isinstance(document, Mapping):
            return {}
        return {**document, "order_id": self.order_id() or document["order_id"]} if "order_id" in document else document

    @classmethod
    def fault_field_names(cls, operation: SpecOperation) -> frozenset[str]:
        return operation.body.properties() if operation.body else frozenset()

    def order_id(self) -> str | None:
        """Return the `order_id` of the document. The body of a request that was refused unparsed is parsed here."""
        document = self.document
        if document is None and self.request.body:
            try:
                document = parsing.read_json(self.request.body, self.max_depth)
            except errors.Refusal:
                return None
        order_id = pydantic_compat.coerce_uuid(document.get("order_id")) if isinstance(document, dict) else None
        return order_id.lower() if isinstance(order_id, str) else None

    def order_scenario(self) -> str | None:
        order_id = self.order_id()
        order = self.transaction.get(ORDERS, order_id) if order_id else None
        return order.scenario if order else None

    def find_order(self, order_id: str, external_id: str) -> Order:
        """Return the user's order. Assumed: the user's id is compared exactly (§7, question 25)."""
        order = self.transaction.get(ORDERS, order_id, for_update=True)
        if order is None or order.org_id != self.params["org_id"] or order.external_id != external_id:
            raise errors.order_not_found()
        return order

    def find_subscription(self) -> Subscription:
        """Return the document's subscription. Assumed: `external_id` is optional, and must be the owner's if it is sent."""
        subscription = self.transaction.get(SUBSCRIPTIONS, self.document["subs_id"].lower(), for_update=True)
        owner = self.document.get("external_id")
        if subscription is None or subscription.org_id != self.org_id or owner not in (None, subscription.external_id):
            raise errors.subscription_not_found()
        return subscription
