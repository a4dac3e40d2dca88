"""Operations on the activity log."""

from msgspec.structs import replace

from refund_sandbox.apis.fluentcart import list_views, php
from refund_sandbox.apis.fluentcart.operations.base import BaseOperations, UnitOfWork
from refund_sandbox.apis.fluentcart.records import ACTIVITIES, Activity
from refund_sandbox.core.context import Context, Reply


class ActivityOperations(BaseOperations):
    """List, mark and delete entries of the activity log."""

    def list_activities(self, context: Context) -> Reply:
        """GET /activity."""
        return self._read(context, list_views.activities)

    def mark_activity_read(self, context: Context) -> Reply:
        """PUT /activity/{activity_id}/mark-read. An unknown id gets the same reply (read in the source)."""
        with self._unit_of_work(context) as work:
            status, activity = work.text("status"), self._find_activity(work)
            if activity:
                work.store.put(ACTIVITIES, replace(activity, read_status=status))
        return Reply({"message": f"Activity Marked as {'Read' if status == 'read' else 'Unread'}"})

    def delete_activity(self, context: Context) -> Reply:
        """DELETE /activity/{activity_id}. An unknown id gets the same reply (read in the source)."""
        with self._unit_of_work(context) as work:
            activity = self._find_activity(work)
            if activity:
                work.store.delete(ACTIVITIES, activity.id)
        return Reply({"message": "Activity Deleted Successfully"})

    def _find_activity(self, work: UnitOfWork) -> Activity | None:
        key = php.as_id(work.context.params["activity_id"])
        return work.store.get(ACTIVITIES, key, for_update=True) if key is not None else None
