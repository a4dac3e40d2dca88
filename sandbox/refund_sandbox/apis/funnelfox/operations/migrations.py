"""POST /subscription/migration."""

from typing import Any

from msgspec.structs import replace

from refund_sandbox.apis.funnelfox import rendering
from refund_sandbox.apis.funnelfox.bookkeeping import (
    charge,
    emit_order,
    find_price_point,
    grant_entitlement,
    price_point_of,
    sales_of,
    save_subscription,
    saved_card,
)
from refund_sandbox.apis.funnelfox.context import FunnelFoxContext
from refund_sandbox.apis.funnelfox.rules import billing_cycles, checkout, migrations, prices, subscriptions
from refund_sandbox.apis.funnelfox.rules.migrations import Migration
from refund_sandbox.apis.funnelfox.timestamps import read_time, write_time
from refund_sandbox.core.context import Reply, UnitOfWork
from refund_sandbox.core.money import to_text


def migrate_subscription(context: FunnelFoxContext) -> Reply:
    """POST /subscription/migration: migrate now or at the end of the period. With `dry_run` nothing changes."""
    document = context.document
    subscription = context.find_subscription()
    subscriptions.check_migratable(subscription)
    new = find_price_point(context, document["pp_ident"])
    prices.check_buyable(new)
    migration = Migration(subscription, price_point_of(context.transaction, subscription), new, context.now)
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
    migrate = _migrate_now if strategy == "price_prorate" else _migrate_later
    return Reply({**result, **migrate(context, migration)})


def _migrate_now(work: UnitOfWork, migration: Migration) -> dict[str, Any]:
    """Charge the difference, grant the new price point and expire the old subscription. A decline changes neither."""
    order = checkout.new_order(migration.purchase, work.ids.uuid(), migration.charge or 0)
    order = charge(work, order, saved_card(work, order.external_id), off_session=True)
    if order.status == "declined":
        emit_order(work, order)
        (sale,) = sales_of(work.transaction, order)
        payment_result = rendering.checkout_result("failed", order.order_id, sale.psp_reason_message or "")
        return {"payment_result": payment_result, "charged_amount": to_text(0, order.decimals)}
    order = grant_entitlement(work, order, migration.purchase, with_trial=False)
    expired = replace(billing_cycles.expire(migration.subscription), current_period_ends_at=write_time(migration.now))
    save_subscription(work, expired, "expiration")
    payment_result = rendering.checkout_result("succeeded", order.order_id)
    return {"payment_result": payment_result, "subs_id": order.subs_id, "oneoff_id": order.oneoff_id}


def _migrate_later(work: UnitOfWork, migration: Migration) -> dict[str, Any]:
    """Schedule the new subscription for the end of the old one's period."""
    if "AUTORENEW_OFF" not in migration.subscription.status:
        save_subscription(work, subscriptions.disable_autorenew(migration.subscription), "unsubscription")
    starts = read_time(migration.subscription.current_period_ends_at or "")
    upcoming = migrations.upcoming_subscription(migration.purchase, work.ids.uuid(), starts)
    save_subscription(work, upcoming, "planning_postponed_subscription")
    return {"subs_id": upcoming.subs_id}
