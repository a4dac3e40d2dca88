"""Operations on the activity log: mark and delete its entries."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.records import ACTIVITIES
from refund_sandbox.core.context import Reply


def mark_activity_read(context: FluentCartContext) -> Reply:
    """PUT /activity/{activity_id}/mark-read. An unknown id gets the same reply (read in the source)."""
    status, activity = context.text("status"), context.find(ACTIVITIES, context.params["activity_id"])
    if activity:
        context.transaction.put(ACTIVITIES, replace(activity, read_status=status))
    return Reply({"message": f"Activity Marked as {'Read' if status == 'read' else 'Unread'}"})


def delete_activity(context: FluentCartContext) -> Reply:
    """DELETE /activity/{activity_id}. An unknown id gets the same reply (read in the source)."""
    activity = context.find(ACTIVITIES, context.params["activity_id"])
    if activity:
        context.transaction.delete(ACTIVITIES, activity.id)
    return Reply({"message": "Activity Deleted Successfully"})
