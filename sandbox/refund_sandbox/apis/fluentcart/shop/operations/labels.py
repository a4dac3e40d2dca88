"""Operations on labels (group 30)."""

from refund_sandbox.apis.fluentcart import errors, php
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.rendering import iso
from refund_sandbox.apis.fluentcart.shop import fields, labelling, labels
from refund_sandbox.apis.fluentcart.shop.records import LABELS, Label, new_id
from refund_sandbox.core.context import Reply

_RULES = {"value": "required|sanitizeText"}
_TEXTS = {"value.required": "Label field is required."}
_MAX_LENGTH = 192
"""Length of the database's column. The reply shows the whole text."""


def list_labels(context: FluentCartContext) -> Reply:
    """GET /labels: all of them; `per_page`, `page` and `search` are not read (30-003)."""
    return Reply({"labels": labels.all_labels(context.transaction)})


def create_label(context: FluentCartContext) -> Reply:
    """POST /labels. With `bind_to_type` and `bind_to_id`, the label is attached as well."""
    value = _check(context)
    label = Label(new_id(context.transaction, LABELS), value[:_MAX_LENGTH], context.time, context.time)
    context.transaction.put(LABELS, label)
    model, record_id = context.text("bind_to_type"), context.text("bind_to_id")
    if not php.is_empty(model) and not php.is_empty(record_id) and model in labelling.MODELS:
        labelling.attach(context, labelling.class_name(model), php.to_int(record_id), label.id)
    created = {"value": value, "updated_at": iso(label.updated_at), "created_at": iso(label.created_at), "id": label.id}
    return Reply({"message": "Label created successfully!", "data": created})


def _check(context: FluentCartContext) -> str:
    """Return the new label's text, or raise a refusal. It must be unique whatever its case."""
    problems = fields.check(context.document, _RULES, _TEXTS)
    value = context.text("value")
    if value and any(label.value.lower() == value.lower() for label in context.transaction.all(LABELS)):
        problems.setdefault("value", {})["unique"] = "Label must be unique."
    errors.check_fields(problems)
    return value


def update_label_selections(context: FluentCartContext) -> Reply:
    """POST /labels/update-label-selections: replace the labels of an order or a customer.

    An unknown type and a missing id get an empty reply (30-051 to 30-054). A text instead of a list selects nothing (30-070).
    """
    kind, record_id = context.text("bind_to_type"), context.text("bind_to_id")
    model = labelling.class_name(kind)
    if php.is_empty(kind) or php.is_empty(record_id) or model not in labelling.KNOWN_CLASSES:
        return Reply(None, content=b"")
    if not labelling.exists(context, model, record_id):
        raise PluginCrash("Call to undefined relationship [labels] or a call on null")
    label_ids = list(map(php.to_int, php.entries(context.document.get("selectedLabels"))))
    labelling.select(context, model, php.as_id(record_id) or 0, label_ids)
    return Reply({"message": "Labels Updated Successfully"})
