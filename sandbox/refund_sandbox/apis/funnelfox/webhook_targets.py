"""The webhooks of all organisations as one list, for whoever sets them up from outside."""

from collections.abc import Sequence
from typing import Any

from refund_sandbox.apis.funnelfox.records import MAX_TARGETS, Org, Webhook
from refund_sandbox.core import record_schema
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.frozen import replace


def listed(orgs: Sequence[Org]) -> list[dict[str, Any]]:
    """Every webhook, with the organisation that it belongs to."""
    return [{"org_id": org.id, **record_schema.write(webhook)} for org in orgs for webhook in org.webhooks]


def replaced(orgs: Sequence[Org], documents: Any) -> list[Org]:
    """The organisations with these webhooks instead; one that names no `org_id` belongs to the first organisation.

    Raises BadDocument, listing every mistake, and for more than seven of one organisation.
    """
    webhook = record_schema.schema_of(Webhook)
    entry = {**webhook, "properties": {"org_id": {"enum": [org.id for org in orgs]}, **webhook["properties"]}}
    violations = Validator({"type": "array", "items": entry}).violations(documents)
    if violations:
        raise BadDocument([Problem(f"/funnelfox{found.pointer}", found.message) for found in violations])
    changed = []
    for org in orgs:
        own = [document for document in documents if document.get("org_id", orgs[0].id) == org.id]
        if len(own) > MAX_TARGETS:
            raise BadDocument([Problem("/funnelfox", f"{org.id} has {len(own)} webhooks; there may be {MAX_TARGETS}")])
        changed.append(replace(org, webhooks=[record_schema.read(Webhook, document) for document in own]))
    return changed
