"""Labels on orders and customers: attach, select, remove."""

from collections.abc import Mapping, Sequence
from typing import Any

from refund_sandbox.apis.fluentcart import models, php
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ORDERS, SUBSCRIPTIONS
from refund_sandbox.apis.fluentcart.shop import labels
from refund_sandbox.apis.fluentcart.shop.records import LABEL_RELATIONSHIPS, LabelRelationship, new_id
from refund_sandbox.stores.protocol import RecordType

MODELS: Mapping[str, RecordType[Any]] = {"Order": ORDERS, "Customer": CUSTOMERS, "Subscription": SUBSCRIPTIONS}
"""Models with labels."""
_WITHOUT_LABELS = ("Product", "ProductVariation", "Label", "Coupon", "OrderTransaction", "OrderItem", "Activity", "User")
KNOWN_CLASSES = frozenset(f"{models.PREFIX}{name}" for name in (*MODELS, *_WITHOUT_LABELS))
"""Classes that exist; those without labels crash the plugin (30-049)."""


def class_name(kind: str) -> str:
    """Return the class of a type such as `Order`; a name with a backslash is a class already (30-032)."""
    return kind if "\\" in kind else f"{models.PREFIX}{kind}"


def exists(context: FluentCartContext, model: str, record_id: str) -> bool:
    """Whether the record exists and can have labels."""
    kind = MODELS.get(model.removeprefix(models.PREFIX))
    return kind is not None and context.transaction.get(kind, php.as_id(record_id) or 0) is not None


def attach(context: FluentCartContext, model: str, record_id: int, label_id: int) -> None:
    """Attach a label. Neither the record nor the label is checked (30-045)."""
    row = LabelRelationship(
        id=new_id(context.transaction, LABEL_RELATIONSHIPS),
        label_id=label_id,
        labelable_id=record_id,
        labelable_type=model,
        created_at=context.time,
        updated_at=context.time,
    )
    context.transaction.put(LABEL_RELATIONSHIPS, row)


def select(context: FluentCartContext, model: str, record_id: int, label_ids: Sequence[int]) -> None:
    """Replace the labels of a record; those that stay are not written (30-041)."""
    before = labels.relationships(context.transaction, model, record_id)
    for row in before:
        if row.label_id not in label_ids:
            context.transaction.delete(LABEL_RELATIONSHIPS, row.id)
    known = {row.label_id for row in before}
    for label_id in dict.fromkeys(label_ids):
        if label_id not in known:
            attach(context, model, record_id, label_id)


def remove_all(context: FluentCartContext, model: str, record_id: int) -> None:
    """Remove the labels of a record that is deleted (30-064)."""
    for row in labels.relationships(context.transaction, model, record_id):
        context.transaction.delete(LABEL_RELATIONSHIPS, row.id)
