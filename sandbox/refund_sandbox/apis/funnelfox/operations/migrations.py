"""POST /subscription/migration."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.operations.charging import ChargingOperations
from refund_sandbox.apis.funnelfox.records import Order
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, migrations, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.migrations import Migration
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.money import to_text
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class MigrationOperations(ChargingOperations):
    """Migration of subscriptions to other price points."""

    def migrate_subscription(self, context: Context) -> Reply:
        """POST /subscription/migration: migrate now or at the end of the period. With `dry_run` nothing changes."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            subscription = self._find_subscription(transaction, context, document)
            subscriptions.check_available(subscription, "migrate")
            new = self._find_price_point(transaction, document["pp_ident"])
            prices.check_buyable(new)
            old = self._price_point_of(transaction, subscription)
            migration = Migration(subscription, old, new, self._services.clock.now())
            strict = document.get("strict_mode") is not False
            strategy = migrations.choose_strategy(document["strategy"], migration, strict=strict)
            result = {
                "migration_strategy": strategy,
                "payment_result": rendering.checkout_result("succeeded", None),
                "charged_amount": to_text((migration.charge or 0) if strategy == "price_prorate" else 0, new.decimals),
                "subs_id": None,
                "oneoff_id": None,
            }
            if document.get("dry_run"):
                return Reply(result)
            migrate = self._migrate_now if strategy == "price_prorate" else self._migrate_later
            return Reply({**result, **migrate(transaction, migration)})

    def _migrate_now(self, transaction: StoreTransaction, migration: Migration) -> dict[str, Any]:
        """Charge the difference, grant the new price point and expire the old subscription. A decline changes neither."""
        order = checkout.new_order(migration.purchase, self._services.ids.uuid(), migration.charge or 0)
        order = self._charge(transaction, order, self._saved_card(transaction, order.external_id), off_session=True)
        if order.status == "declined":
            return self._decline_migration(transaction, order)
        order = self._grant_entitlement(transaction, order, migration.purchase, with_trial=False)
        expired = replace(billing_cycles.expire(migration.subscription), current_period_ends_at=write_time(migration.now))
        self._save_subscription(transaction, expired)
        self._emit_subscription(transaction, expired, "expiration")
        payment_result = rendering.checkout_result("succeeded", order.order_id)
        return {"payment_result": payment_result, "subs_id": order.subs_id, "oneoff_id": order.oneoff_id}

    def _decline_migration(self, transaction: StoreTransaction, order: Order) -> dict[str, Any]:
        self._emit(transaction, self._order_event(transaction, order, "declined"))
        (sale,) = self._sales_of(transaction, order)
        payment_result = rendering.checkout_result("failed", order.order_id, sale.psp_reason_message or "")
        return {"payment_result": payment_result, "charged_amount": to_text(0, order.decimals)}

    def _migrate_later(self, transaction: StoreTransaction, migration: Migration) -> dict[str, Any]:
        """Schedule the new subscription for the end of the old one's period."""
        if "AUTORENEW_OFF" not in migration.subscription.status:
            ending = subscriptions.disable_autorenew(migration.subscription)
            self._save_subscription(transaction, ending)
            self._emit_subscription(transaction, ending, "unsubscription")
        starts = read_time(migration.subscription.current_period_ends_at or "")
        upcoming = migrations.upcoming_subscription(migration.purchase, self._services.ids.uuid(), starts)
        self._save_subscription(transaction, upcoming)
        self._emit_subscription(transaction, upcoming, "planning_postponed_subscription")
        return {"subs_id": upcoming.subs_id}
