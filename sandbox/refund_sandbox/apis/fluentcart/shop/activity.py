"""Entries of the activity log about records of the shop."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, Activity

_EMPTY = Activity(0)


def log(context: FluentCartContext, model: str, record_id: int, title: str, content: str, *, name: str) -> None:
    """Add an entry. `model` is the class name of the record, `name` is `module_name`."""
    user = context.caller.user
    entry = replace(
        _EMPTY,
        id=context.transaction.next_id(ACTIVITIES),
        module_type=model,
        module_id=record_id,
        module_name=name,
        title=title,
        content=content,
        created_by=user.login if user else "",
        user_id=context.caller.user_number,
        created_at=context.time,
    )
    context.transaction.put(ACTIVITIES, entry)
