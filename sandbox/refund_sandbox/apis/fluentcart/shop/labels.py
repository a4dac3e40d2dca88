"""Labels in the JSON of the plugin (group 30)."""

from refund_sandbox.apis.fluentcart.rendering import Row, columns, row
from refund_sandbox.apis.fluentcart.shop.records import LABEL_RELATIONSHIPS, LABELS, LabelRelationship
from refund_sandbox.stores.protocol import ReadTransaction

LABEL = columns("id value created_at:iso updated_at:iso")
_RELATIONSHIP = columns("id label_id labelable_id:text labelable_type created_at:iso updated_at:iso")


def all_labels(store: ReadTransaction) -> list[Row]:
    return [row(label, LABEL) for label in sorted(store.all(LABELS), key=lambda label: label.id)]


def relationships(store: ReadTransaction, model: str, record_id: int) -> list[LabelRelationship]:
    """Return the labels of one record. `model` is its class name."""
    return [one for one in store.where(LABEL_RELATIONSHIPS, "labelable_id", record_id) if one.labelable_type == model]


def relations_of(store: ReadTransaction, model: str, record_id: int) -> list[Row]:
    return [row(one, _RELATIONSHIP) for one in relationships(store, model, record_id)]


def selected(store: ReadTransaction, model: str, record_id: int) -> list[int]:
    """Return the ids of the labels of one record (30-061)."""
    return [one.label_id for one in relationships(store, model, record_id)]
