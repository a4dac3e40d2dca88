"""Records of the WordPress site: the site, its users and its webhooks."""

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from refund_sandbox.core.record_schema import Internal
from refund_sandbox.stores.protocol import Record, RecordType

_Url = Annotated[str, Meta(extra_json_schema={"format": "web-url"})]


class Site(Record):
    """The WordPress site. `stock_management` is the switch of the plugin's stock module.

    The default name is that of the recorded shop (36-003).
    """

    name: str = "Rig"
    url: str | None = None
    stock_management: bool = False
    key: Internal[int] = 1


class User(Record):
    """A WordPress user with one application password. The permission `super_admin` includes all others."""

    login: str
    email: str = ""
    application_password: str = ""
    permissions: list[str] = field(default_factory=list)


Trigger = Literal["order_fully_refunded", "order_status_changed_to_canceled", "subscription_canceled"]


class Webhook(Record):
    """A feed of the plugin's webhook integration: a URL, custom headers and the triggers that send it."""

    request_url: _Url
    request_headers: dict[str, Any] = field(default_factory=dict)
    event_trigger: list[Trigger] = field(
        default_factory=lambda: ["order_fully_refunded", "order_status_changed_to_canceled", "subscription_canceled"]
    )
    enabled: bool = True


SITES = RecordType("fluentcart.site", Site, "key")
USERS = RecordType("fluentcart.user", User, "login")
MAX_WEBHOOKS = 100
"""Number of webhooks of a shop. Each event is stored for each of them, in the transaction of the request."""
WEBHOOKS = RecordType("fluentcart.webhook", Webhook, "request_url")

SITE_RECORD_TYPES = (SITES, USERS, WEBHOOKS)
