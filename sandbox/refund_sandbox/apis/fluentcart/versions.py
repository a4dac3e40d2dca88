"""Versions of the plugin, and the one table of what differs between them.

`Rules` names each change with the release that brought it. Code reads the rules of the emulated version and never compares
version texts. The table of versions in the documentation is made from it.

A `measured` change was seen on a running 1.3.25 or 1.5.2. An `overlay` change was recorded from a 1.5.2 with the later functions
written into it. A `source` change was read in the plugin's code at a release.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Any, Literal, NamedTuple, get_args

Version = Literal["1.6.5", "1.6.2", "1.5.2", "1.3.25"]
VERSIONS: tuple[Version, ...] = get_args(Version)
"""The emulated versions, newest first."""


class Change(NamedTuple):
    """A change of the plugin: the release that brought it, how it is known, and the behaviour since then."""

    since: str
    source: Literal["measured", "overlay", "source"]
    text: str


def _since(release: str, source: str, text: str) -> Any:
    return field(metadata={"change": Change(release, source, text)})  # type: ignore[arg-type]


@dataclass(frozen=True)
class Rules:
    """Rules of one version: whether each change of the plugin is in it."""

    version: Version
    square_refunds: bool = _since("1.3.26", "measured", "Square refunds; before, it answers that refunds are not implemented.")
    generic_errors: bool = _since("1.4.0", "measured", "A 500 has a general message, not PHP's.")
    checked_statuses: bool = _since("1.4.0", "measured", "A transaction takes one of five statuses, not any text.")
    numeric_tax_behavior: bool = _since("1.4.0", "measured", "`tax_behavior` of an order is a number, not text.")
    shows_line_total: bool = _since("1.4.0", "measured", "An order item shows its total after discounts, not its subtotal.")
    display_item_name: bool = _since("1.5.0", "measured", "A subscription has `display_item_name`.")
    shows_refundable: bool = _since("1.5.2", "measured", "A transaction has `refundable`, in minor units.")
    tax_fields: bool = _since("1.5.2", "measured", "`GET /orders/{id}` has the fields of taxes and business customers.")
    whole_receipt_url: bool = _since("1.5.2", "measured", "`receipt_url` of an order is a whole URL, not a path.")
    store_billing: bool = _since(
        "1.6.0", "source", "The shop can bill subscriptions itself; these can be paused, resumed and ordered by hand."
    )
    checked_subscription_order: bool = _since(
        "1.6.0", "overlay", "403 for a subscription that does not belong to the order in the path."
    )
    offline_cancel_fails: bool = _since(
        "1.6.0",
        "overlay",
        "`cancelSubscription` of an offline subscription reports failure; the shop cancels it all the same.",
    )
    cancels_without_vendor_id: bool = _since(
        "1.6.0", "overlay", "`cancelSubscription` succeeds for a subscription without a vendor id."
    )
    completed_without_date: bool = _since(
        "1.6.0", "overlay", "`cancelSubscription` of a completed subscription clears `next_billing_date`."
    )
    subscription_permissions: bool = _since("1.6.0", "source", "A subscription has `permissions` and `system_charge_state`.")
    short_order_uuid: bool = _since("1.6.0", "source", "The uuid of a new order has 12 letters and digits.")
    any_refund_info: bool = _since("1.6.1", "overlay", "`refund_info` that is no object gets 422, not 500.")
    own_transaction: bool = _since(
        "1.6.1", "overlay", "`GET /orders/{id}/transactions/{id}` has that transaction only, and 404 for another order's."
    )
    allowed_relations: bool = _since("1.6.1", "overlay", "`with[]` accepts listed relations and ignores the others.")
    bulk_deletion_only: bool = _since(
        "1.6.1",
        "source",
        "`do-bulk-action` only deletes orders. The sandbox still changes statuses too, with a warning.",
    )
    minor_units: bool = _since("1.6.2", "overlay", "The amount of a refund is minor units, not major units.")
    minor_prices: bool = _since("1.6.2", "source", "Prices of `products/bulk-insert` are minor units, not major units.")
    bounded_amount: bool = _since("1.6.2", "overlay", "An amount above 9e15 gets 500, not 422. Nothing is booked.")
    settled_at: bool = _since("1.6.2", "overlay", "A transaction that succeeds gets `meta.settled_at`.")
    paypal_resume: bool = _since("1.6.2", "overlay", "PayPal resumes a paused subscription.")
    refunded_at: bool = _since("1.6.4", "overlay", "A full refund sets `refunded_at` of the order.")
    final_success: bool = _since(
        "1.6.4", "overlay", "A transaction whose status is set to succeeded pays its order; its status is then final."
    )
    allowed_details: bool = _since(
        "1.6.4",
        "source",
        "`with[]` of one product or customer accepts listed relations, too. A customer has labels on request only.",
    )
    text_dates: bool = _since("1.6.4", "source", "`recalculate-ltv` answers with the dates of purchases as text, not as objects.")
    sync_keeps_refunded: bool = _since("1.6.4", "overlay", "`sync-statuses` leaves a fully refunded order refunded.")
    named_status_action: bool = _since("1.6.4", "source", "An unknown `action` of a status change is named in the refusal.")


@lru_cache(256)  # each request compares its operation's release
def has_reached(version: str, release: str) -> bool:
    """Whether a version is at least a release."""
    return _numbers(version) >= _numbers(release)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


CHANGES: Mapping[str, Change] = {
    change.name: change.metadata["change"] for change in fields(Rules) if "change" in change.metadata
}
"""The changes by the name of their rule, in the order of the table."""


RULES: Mapping[Version, Rules] = {
    version: Rules(version, **{name: has_reached(version, change.since) for name, change in CHANGES.items()})
    for version in VERSIONS
}
