"""Answers POST /subscription/migration."""

from typing import Any

from refund_sandbox.apis.funnelfox import parsing
from refund_sandbox.apis.funnelfox.operations.charging import Billing
from refund_sandbox.apis.funnelfox.records import Order
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, migrations, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.checkout import Purchase
from refund_sandbox.apis.funnelfox.rules.migrations import Move
from refund_sandbox.core.context import Context, Reply
from refund_sandbox.core.money import to_text
from refund_sandbox.frozen import replace
from refund_sandbox.stores.protocol import Transaction as StoreTransaction


class MigrationHandlers(Billing):
    """Subscriptions on their way to another price point."""

    def migrate_subscription(self, context: Context) -> Reply:
        """POST /subscription/migration: at once or when the period ends; with `dry_run` nothing changes."""
        document = self._read(context)
        with self.transaction(context) as transaction:
            found = self._find_subscription(transaction, context, document)
            subscriptions.check_action(found, "migrate")
            new = self._find_point(transaction, document["pp_ident"])
            prices.check_buyable(new)
            move = Move(found, self._point_of(transaction, found), new, self._services.clock.now())
            strategy = migrations.choose(document["strategy"], move, strict=document.get("strict_mode") is not False)
            done = {
                "migration_strategy": strategy,
                "payment_result": checkout.answer("succeeded", None),
                "charged_amount": to_text((move.charge or 0) if strategy == "price_prorate" else 0, new.decimals),
                "subs_id": None,
                "oneoff_id": None,
            }
            if document.get("dry_run"):
                return Reply(done)
            step = self._move_now if strategy == "price_prorate" else self._move_later
            return Reply({**done, **step(transaction, move)})

    def _purchase(self, move: Move) -> Purchase:
        held = move.subscription
        return Purchase(held.org_id, held.external_id, move.new, held.initial_order_metadata, move.now)

    def _move_now(self, transaction: StoreTransaction, move: Move) -> dict[str, Any]:
        """Charges the difference; the new one begins and the old one is over. A declined charge changes neither."""
        purchase = self._purchase(move)
        order = checkout.new_order(purchase, self._services.ids.uuid(), move.charge or 0)
        order = self._charge(transaction, order, self._card_of(transaction, order.external_id), away=True)
        if order.status == "declined":
            return self._declined(transaction, order)
        order = self._grant(transaction, order, purchase, with_trial=False)
        over = replace(billing_cycles.expire(move.subscription), current_period_ends_at=parsing.write_time(move.now))
        self._keep(transaction, over)
        self._tell_of(transaction, over, "expiration")
        result = checkout.answer("succeeded", order.order_id)
        return {"payment_result": result, "subs_id": order.subs_id, "oneoff_id": order.oneoff_id}

    def _declined(self, transaction: StoreTransaction, order: Order) -> dict[str, Any]:
        self._tell(transaction, self._news_of(transaction, order, "declined"))
        (sale,) = self._sales(transaction, order)
        result = checkout.answer("failed", order.order_id, sale.psp_reason_message or "")
        return {"payment_result": result, "charged_amount": to_text(0, order.decimals)}

    def _move_later(self, transaction: StoreTransaction, move: Move) -> dict[str, Any]:
        """Plans the new one for the end of the old one's period."""
        if "AUTORENEW_OFF" not in move.subscription.status:
            ending = subscriptions.disable_autorenew(move.subscription)
            self._keep(transaction, ending)
            self._tell_of(transaction, ending, "unsubscription")
        starts = parsing.read_time(move.subscription.current_period_ends_at or "")
        planned = migrations.upcoming(self._purchase(move), self._services.ids.uuid(), starts)
        self._keep(transaction, planned)
        self._tell_of(transaction, planned, "planning_postponed_subscription")
        return {"subs_id": planned.subs_id}
