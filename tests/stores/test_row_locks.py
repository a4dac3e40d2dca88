"""Row locks of PostgreSQL: a request waits for records that another transaction changes, and goes on with their new values."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from sqlalchemy import make_url

from refund_sandbox.apis.fluentcart import records as fluentcart
from refund_sandbox.apis.funnelfox import records as funnelfox
from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core.faults.fault import FAULTS
from refund_sandbox.core.schedule import next_due
from refund_sandbox.core.workspaces.workspace_state import STATE_KEY, WORKSPACE_STATES
from refund_sandbox.settings import Settings
from refund_sandbox.stores.protocol import Conflict, RecordType, Transaction
from tests.support.server_thread import listen
from tests.support.socket_calls import call
from tests.support.waiting import wait_until

ORDER = "00000000-0000-4000-8000-00000000000a"
SUBSCRIPTION = "00000000-0000-4000-8000-00000000000b"
SHOP = "/wp-json/fluent-cart/v2"
FOX = "/your-org-id/v1"
STATE = {
    "funnelfox": {
        "orders": [{"order_id": ORDER, "external_id": "user", "amount": "10.00", "subs_id": SUBSCRIPTION}],
        "subscriptions": [{"subs_id": SUBSCRIPTION, "external_id": "user", "pp_ident": "monthly"}],
        "price_points": [{"ident": "monthly", "currency": {"code": "USD", "minor_units": 2}, "next_price": "10.00"}],
    },
    "fluentcart": {
        "users": [{"login": "admin", "application_password": "demo DEMO 1234 demo DEMO 5678", "permissions": ["super_admin"]}],
        "customers": [{"id": 11, "email": "jane@example.test"}],
        "orders": [
            {
                "id": 1,
                "customer_id": 11,
                "total_paid": 1000,
                "transactions": [{"id": 10, "total": 1000, "vendor_charge_id": "pi_1"}],
            },
            {"id": 2, "payment_status": "pending", "status": "on-hold", "total_amount": 500, "total_paid": 0},
            {
                "id": 3,
                "customer_id": 11,
                "total_paid": 1000,
                "type": "subscription",
                "transactions": [{"id": 30, "total": 1000, "vendor_charge_id": "pi_3", "subscription_id": 7}],
                "subscriptions": [{"id": 7, "current_payment_method": "stripe", "vendor_subscription_id": "sub_ok_7"}],
            },
        ],
    },
}


@dataclass
class Shop:
    """A sandbox on PostgreSQL, on a socket."""

    sandbox: SandboxApp
    address: tuple[str, int]
    url: str

    def transaction(self) -> Any:
        return self.sandbox.workspace.store.transaction()

    def get(self, kind: RecordType[Any], key: Any) -> Any:
        with self.sandbox.workspace.store.read_only() as transaction:
            return transaction.get(kind, key)

    def waiting(self) -> int:
        """Return the number of transactions that wait for a lock, but for those that write the request log."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
            "AND query NOT LIKE '%_lock_shared%'"
        )
        with psycopg.connect(self.url) as connection:
            found = connection.execute(waiting).fetchone()
        return int(found[0]) if found else 0

    def is_waiting(self) -> bool:
        return self.waiting() > 0


@pytest.fixture(scope="module")
def server(postgresql_url: str) -> Iterator[Shop]:
    url = make_url(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE row_locks")
        connection.execute(
            "ALTER DATABASE row_locks SET deadlock_timeout = '4s'"
        )  # a busy machine takes longer than 1 s to make one
    own = url.set(database="row_locks").render_as_string(hide_password=False)
    sandbox = build(Settings(store=own))
    listening = listen(sandbox.app)
    yield Shop(sandbox, listening.address, own)
    listening.stop()
    sandbox.close()


@pytest.fixture
def shop(server: Shop) -> Shop:
    server.sandbox.workspace.load(STATE)
    return server


def while_locked(
    shop: Shop, kind: RecordType[Any], key: Any, change: Callable[[Transaction, Any], None], request: Callable[[], Any]
) -> Any:
    """Lock a record, send a request, change the record while the request waits, commit, and return the request's result."""
    with ThreadPoolExecutor(1) as pool:
        with shop.transaction() as transaction:
            record = transaction.get(kind, key, for_update=True)
            result = pool.submit(request)
            wait_until(shop.is_waiting)
            change(transaction, record)
        return result.result(20)


def changed(kind: RecordType[Any], **fields: Any) -> Callable[[Transaction, Any], None]:
    return lambda transaction, record: transaction.put(kind, replace(record, **fields))


def refund(shop: Shop, amount: str) -> int:
    body = {"external_id": "user", "order_id": ORDER, "amount": amount}
    return call(shop.address, "POST", f"{FOX}/payment/refund", body)[0]


def test_a_refund_of_funnelfox_counts_the_one_that_is_being_booked(shop: Shop) -> None:
    change = changed(funnelfox.ORDERS, refunded=900)

    assert while_locked(shop, funnelfox.ORDERS, ORDER, change, lambda: refund(shop, "5.00")) == 400
    assert shop.get(funnelfox.ORDERS, ORDER).refunded == 900


def test_a_refund_of_funnelfox_keeps_a_change_of_the_subscription(shop: Shop) -> None:
    change = changed(funnelfox.SUBSCRIPTIONS, iteration=7)

    assert while_locked(shop, funnelfox.SUBSCRIPTIONS, SUBSCRIPTION, change, lambda: refund(shop, "10.00")) == 200
    subscription = shop.get(funnelfox.SUBSCRIPTIONS, SUBSCRIPTION)
    assert (subscription.status, subscription.iteration) == (["EXPIRED"], 7)


def test_a_settlement_keeps_a_refund_that_is_being_accepted(shop: Shop) -> None:
    workspace = shop.sandbox.workspace
    workspace.change_settings({"funnelfox": {"settle_after": "1h"}})
    assert refund(shop, "1.00") == 200
    later = datetime.now(UTC) + timedelta(hours=2)
    with workspace.store.read_only() as transaction:
        due = next_due(transaction, later)
    assert due is not None
    change = changed(funnelfox.ORDERS, reserved=700)

    while_locked(shop, funnelfox.ORDERS, ORDER, change, lambda: workspace.run_due(due))

    order = shop.get(funnelfox.ORDERS, ORDER)
    assert (order.reserved, order.refunded) == (600, 100)


def test_a_change_of_a_subscription_keeps_another_one(shop: Shop) -> None:
    change = changed(funnelfox.SUBSCRIPTIONS, iteration=7)

    def disable() -> int:
        return call(shop.address, "POST", f"{FOX}/subscription/disable_autorenew", {"subs_id": SUBSCRIPTION})[0]

    assert while_locked(shop, funnelfox.SUBSCRIPTIONS, SUBSCRIPTION, change, disable) == 200
    subscription = shop.get(funnelfox.SUBSCRIPTIONS, SUBSCRIPTION)
    assert (subscription.status, subscription.iteration) == (["AUTORENEW_OFF"], 7)


def test_a_refund_of_fluentcart_counts_the_change_that_is_being_made(shop: Shop) -> None:
    change = changed(fluentcart.ORDERS, total_paid=400)

    def refund_again() -> int:
        body = {"refund_info": {"transaction_id": 10, "amount": 500}}
        return call(shop.address, "POST", f"{SHOP}/orders/1/refund", body)[0]

    assert while_locked(shop, fluentcart.ORDERS, 1, change, refund_again) == 422
    assert shop.get(fluentcart.ORDERS, 1).total_refund == 0


def test_an_order_is_marked_as_paid_once(shop: Shop) -> None:
    change = changed(fluentcart.ORDERS, payment_status="paid", total_paid=500, status="completed")

    def mark() -> int:
        return call(shop.address, "POST", f"{SHOP}/orders/2/mark-as-paid", {"payment_method": "offline_payment"})[0]

    assert while_locked(shop, fluentcart.ORDERS, 2, change, mark) >= 400
    assert shop.get(fluentcart.ORDERS, 2).total_paid == 500


def test_a_new_status_keeps_another_change_of_the_order(shop: Shop) -> None:
    change = changed(fluentcart.ORDERS, note="unchanged")

    def complete() -> int:
        body = {"action": "change_order_status", "statuses": {"order_status": "completed"}}
        return call(shop.address, "PUT", f"{SHOP}/orders/2/statuses", body)[0]

    assert while_locked(shop, fluentcart.ORDERS, 2, change, complete) == 200
    order = shop.get(fluentcart.ORDERS, 2)
    assert (order.status, order.note) == ("completed", "unchanged")


def test_a_cancellation_keeps_another_change_of_the_subscription(shop: Shop) -> None:
    change = changed(fluentcart.SUBSCRIPTIONS, bill_count=9)

    def cancel() -> int:
        return call(shop.address, "PUT", f"{SHOP}/orders/3/subscriptions/7/cancel", {"cancel_reason": "test"})[0]

    assert while_locked(shop, fluentcart.SUBSCRIPTIONS, 7, change, cancel) == 200
    subscription = shop.get(fluentcart.SUBSCRIPTIONS, 7)
    assert (subscription.status, subscription.bill_count) == ("canceled", 9)


def test_a_fault_that_another_request_uses_up_does_not_hit(shop: Shop) -> None:
    (fault,) = shop.sandbox.workspace.add_fault({"api": "funnelfox", "at": "before", "reply": {"status": 503}})

    def use_up(transaction: Transaction, _fault: Any) -> None:
        transaction.delete(FAULTS, fault.id)

    assert while_locked(shop, FAULTS, fault.id, use_up, lambda: refund(shop, "1.00")) == 200


def test_a_setting_does_not_undo_a_change_of_the_clock(shop: Shop) -> None:
    assert call(shop.address, "GET", "/_sandbox/clock")[0] == 200  # the use of the workspace is stored once a minute
    change = changed(WORKSPACE_STATES, clock="2030-01-01T00:00:00.000000Z")

    def change_settings() -> int:
        return call(shop.address, "PUT", "/_sandbox/settings", {"validation": "live"})[0]

    assert while_locked(shop, WORKSPACE_STATES, STATE_KEY, change, change_settings) == 200
    state = shop.get(WORKSPACE_STATES, STATE_KEY)
    assert (state.clock, state.settings["validation"]) == ("2030-01-01T00:00:00.000000Z", "live")


def status_after_deadlock(shop: Shop) -> int | None:
    """Return the status of a refund that was in a deadlock. None if PostgreSQL has ended the other transaction instead."""
    shop.sandbox.workspace.load(STATE)
    with ThreadPoolExecutor(1) as pool:
        try:
            with shop.transaction() as transaction:
                transaction.get(funnelfox.SUBSCRIPTIONS, SUBSCRIPTION, for_update=True)
                status = pool.submit(refund, shop, "10.00")
                wait_until(shop.is_waiting)  # it has locked the order, and waits for the subscription
                transaction.get(funnelfox.ORDERS, ORDER, for_update=True)  # PostgreSQL ends one that has waited for a second
        except Conflict:
            return None
        return status.result(20)


def test_a_request_in_a_deadlock_runs_again(shop: Shop) -> None:
    statuses = [status_after_deadlock(shop)]
    while statuses == [None] * len(statuses) and len(statuses) < 10:
        statuses.append(status_after_deadlock(shop))

    assert statuses[-1] == 200
    assert shop.get(funnelfox.ORDERS, ORDER).refunded == 1000


COUPON = {"title": "Summer", "code": "S", "type": "percentage", "amount": 10, "status": "active", "notes": ""}
ONCE = (
    (f"{SHOP}/labels", {"value": "urgent"}),
    (f"{SHOP}/customers", {"full_name": "Jane Doe", "email": "new@example.test"}),
    (f"{SHOP}/coupons", {**COUPON, "stackable": "no", "show_on_checkout": "no"}),
    (f"{FOX}/feature/create", {"ident": "gems", "feature_type": "consumable"}),
    (f"{FOX}/pp/import_csv", {"csv": "ident,intro_type,currency_code,lifetime_price\nonce,no_intro,USD,1\n"}),
)
"""Creations of something with a unique name."""


@pytest.mark.parametrize(("path", "body"), ONCE, ids=[path for path, _ in ONCE])
def test_two_requests_at_once_create_one_record_of_a_unique_name(shop: Shop, path: str, body: dict[str, Any]) -> None:
    with ThreadPoolExecutor(2) as pool, shop.transaction() as transaction:
        transaction.get(fluentcart.ORDERS, 1)
        statuses = [pool.submit(call, shop.address, "POST", path, body) for _ in range(2)]
        wait_until(lambda: shop.waiting() == 2)

    assert sorted(status.result(20)[0] == 200 for status in statuses) == [False, True]


def test_a_refund_counts_another_one_of_the_same_customer(shop: Shop) -> None:
    def book_another(transaction: Transaction, customer: Any) -> None:
        order = transaction.get(fluentcart.ORDERS, 3)
        assert order is not None
        transaction.put(fluentcart.ORDERS, replace(order, total_refund=600))
        transaction.put(fluentcart.CUSTOMERS, replace(customer, ltv=1400))

    def refund_first() -> int:
        body = {"refund_info": {"transaction_id": 10, "amount": 500}}
        return call(shop.address, "POST", f"{SHOP}/orders/1/refund", body)[0]

    assert while_locked(shop, fluentcart.CUSTOMERS, 11, book_another, refund_first) == 200
    assert shop.get(fluentcart.CUSTOMERS, 11).ltv == 900
