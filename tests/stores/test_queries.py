"""Lists have the same records, order and total on every store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import list_views
from refund_sandbox.apis.fluentcart.pagination import ListQuery
from refund_sandbox.apis.fluentcart.php_forms import parse_query
from refund_sandbox.apis.fluentcart.records import CUSTOMERS, ITEMS, ORDERS, SUBSCRIPTIONS, Customer, Item, Order, Subscription
from refund_sandbox.apis.fluentcart.versions import RULES
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.app import RECORD_TYPES
from refund_sandbox.stores.memory import MemoryDatabase, MemoryStore
from refund_sandbox.stores.protocol import Database, RecordType, Store, TotalsQuery
from refund_sandbox.stores.query import AllOf, Between, Compare, EqualsText, Exists, In, Of
from refund_sandbox.stores.sql.store import SqlDatabase

pytestmark = pytest.mark.every_store

STORED_CUSTOMERS = [
    Customer(1, "Zoe@Example.test", "Zoë", "Ünal", purchase_value={"USD": 100}),
    Customer(2, "jane_doe@example.test", "Jane", "Doe", purchase_value={"USD": 20}),
    Customer(3, "janexdoe@example.test", "JANE", "", user_id=7, ltv=900),
    Customer(4, "100%@example.test", "back\\slash", "straße", ltv=1000),
    Customer(5, "nul\0@example.test", "half \ud800", "Ｗｉｄｅ", ltv=-5),
    Customer(6, "six@example.test", "a" * 9000, "ends"),
]
STORED_ORDERS = [
    Order(12, customer_id=1, invoice_no="INV-12", note="Zebra", total_amount=100, receipt_number=3, rate="1.5"),
    Order(3, customer_id=2, invoice_no="inv_3", note="élan", total_amount=20, payment_status="Paid", shipping_status="shipped"),
    Order(7, customer_id=3, note="Élan vital", total_amount=20, receipt_number=1, payment_method="PayPal"),
    Order(4, customer_id=None, note="apple", total_amount=-1, status="canceled", payment_status="refunded"),
    Order(9, customer_id=99, note="n\0l", completed_at="2026-01-02 00:00:00", shipping_status="unshipped", receipt_number=2),
    Order(10, customer_id=4, note="half \udc00", completed_at="2026-01-01 00:00:00", type="renewal", payment_method="PAYPAL"),
    Order(11, customer_id=1, note="😀", uuid="B", status="on-hold", payment_status="partially_refunded"),
    Order(2, customer_id=6, note='a "quoted" \\u0000 \n line', uuid="a", payment_status="failed", status="État"),
]
STORED_ITEMS = [
    Item(1, 12, post_title="Walnut Desk", title="Brown"),
    Item(2, 12, post_title="Walnut Chair"),
    Item(3, 7, post_title="Café Table", title="100% oak"),
    Item(4, 9, post_title="Schrank_groß"),
]
STORED_SUBSCRIPTIONS = [
    Subscription(301, customer_id=1, item_name="Pro Plan"),
    Subscription(30, "canceled", customer_id=2, item_name="pro plan", trial_ends_at="2026-01-01", vendor_response={"é": 1}),
    Subscription(31, "active", customer_id=0, item_name="Ébène", original_plan="Z"),
]

SEARCHES = (
    "walnut",
    "WALNUT",
    "zoe unal",
    "ZOË ÜNAL",
    "jane%test",
    "jane_doe",
    "jane",
    "100%",
    "100%@",
    "back\\slash",
    "\\",
    "strasse",
    "groß",
    "wide",
    "nul@",
    "half",
    "inv_3",
    "inv-12",
    "cafe",
    "%",
    "%%%",
    "_",
    "a%ends",
    "a" * 9000,
    "%" * 60_000,
    "b" * 60_000,
    "x\0y",
    "😀",
    "12",
    "#30",
    "pro plan",
    "'; --",
    "id = 12",
    "id=12",
    "id != 12",
    "id < 7",
    "id >= 10",
    "id > 99999999999999999999",
    "id :: 4-9",
    "id :: 9",
    "id = abc",
    "status = ON-HOLD",
    "status = etat",
    "status != completed",
    "payment = paid",
    "payment != paid",
    "payment_by = paypal",
    "payment :: paid",
    "customer = jane",
    "customer = ünal",
    "color = red",
)
FILTERS = (
    "payment_statuses[]=paid",
    "payment_statuses[]=paid&payment_statuses[]=refunded",
    "payment_statuses=Paid",
    "payment_statuses[a][b]=paid",
    "payment_statuses[]=a%00b",
    "payment_statuses[]=%ED%A0%80",
    "order_statuses[]=%C3%89tat&payment_statuses[]=failed",
    "shipping_statuses[]=shipped&shipping_statuses[]=unshipped",
    "&".join(f"payment_statuses[]={number}" for number in range(999)) + "&payment_statuses[]=paid",
    "active_view=paid",
    "active_view=renewal&search=back",
    "active_view=paid&payment_statuses[]=refunded",
)
SHOWN = (
    "id status receipt_number invoice_no customer_id payment_method total_amount rate note completed_at uuid created_at".split()
)
SHOWN_CUSTOMER = "id user_id email first_name last_name purchase_value ltv aov city".split()
SHOWN_SUBSCRIPTION = "id customer_id item_name trial_ends_at original_plan vendor_response status".split()


def fill(store: Store) -> Store:
    with store.transaction() as transaction:
        for kind in (CUSTOMERS, ORDERS, ITEMS, SUBSCRIPTIONS):
            transaction.clear(kind)
        for customer in STORED_CUSTOMERS:
            transaction.put(CUSTOMERS, customer)
        for order in STORED_ORDERS:
            transaction.put(ORDERS, order)
        for item in STORED_ITEMS:
            transaction.put(ITEMS, item)
        for subscription in STORED_SUBSCRIPTIONS:
            transaction.put(SUBSCRIPTIONS, subscription)
    return store


@pytest.fixture(scope="module")
def memory() -> Store:
    return fill(MemoryStore())


@pytest.fixture(scope="module")
def store(store_name: str, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Store]:
    """The store that is compared with the one in memory."""
    path: Path = tmp_path_factory.mktemp("parts") / "sandbox.db"
    url = f"sqlite:///{path}" if store_name != "postgresql" else request.getfixturevalue("postgresql_url")
    database: Database = MemoryDatabase() if store_name == "memory" else SqlDatabase(url, RECORD_TYPES)
    yield fill(database.open("parts"))
    database.close()


def listed(store: Store, name: str, **query: Any) -> list[tuple[list[int], int]]:
    """Return ids and total of a list's first pages."""
    found = []
    for page in ("1", "2"):
        with store.read_only() as transaction:
            reader = Reader(transaction, "http://shop.test", RULES["1.6.2"], crashes=False)
            (answer,) = getattr(list_views, name)(reader, ListQuery({**query, "page": page, "per_page": "5"}, "/")).values()
        found.append(([row["id"] for row in answer["data"]], answer["total"]))
    return found


@pytest.mark.parametrize("name", ["orders", "subscriptions", "customers"])
def test_a_search_finds_the_same_on_every_store(name: str, memory: Store, store: Store) -> None:
    for search in SEARCHES:
        assert listed(store, name, search=search) == listed(memory, name, search=search), search[:20]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: filters[-40:])
def test_a_filter_finds_the_same_on_every_store(filters: str, memory: Store, store: Store) -> None:
    query = parse_query(filters)

    assert listed(store, "orders", **query) == listed(memory, "orders", **query)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        *[("orders", column) for column in SHOWN],
        *[("customers", column) for column in SHOWN_CUSTOMER],
        *[("subscriptions", column) for column in SHOWN_SUBSCRIPTION],
    ],
)
def test_a_list_is_sorted_the_same_on_every_store(name: str, column: str, memory: Store, store: Store) -> None:
    for way in ("asc", "desc"):
        query = {"sort_by": column, "sort_type": way}

        assert listed(store, name, **query) == listed(memory, name, **query), way


TOTALS: dict[str, tuple[RecordType[Any], TotalsQuery]] = {
    "count of no group": (ORDERS, TotalsQuery(where=(In("status", ("unknown",)),), sums=("total_paid",), lowest=("created_at",))),
    "count": (ORDERS, TotalsQuery()),
    "by text and number": (ORDERS, TotalsQuery(("payment_status", "customer_id", "currency"), ("total_amount", "is_refunded"))),
    "with the lowest text": (ORDERS, TotalsQuery(("created_day", "status"), lowest=("payment_method",))),
    "in a range": (ORDERS, TotalsQuery(("id",), where=(Between("completed_at", "2026-01-01", "2026-01-01 23:59:59"),))),
    "of another type": (
        ITEMS,
        TotalsQuery(("order_id",), ("quantity",), where=(Exists("order_id", ORDERS, "id", In("total_amount", (20, 100))),)),
    ),
    "by a field of another type": (
        ITEMS,
        TotalsQuery((Of("order_id", ORDERS, "payment_status"),), ("quantity",), ("id",), where=(Compare("id", "<", 9),)),
    ),
    "with distinct values": (ORDERS, TotalsQuery(("type",), ("total_amount",), ("id",), ("customer_id", "currency"))),
    "of single records": (ORDERS, TotalsQuery(("id", "created_day"), ("total_refund",), ("currency",), ("customer_id",))),
    "with every condition": (
        ORDERS,
        TotalsQuery(
            ("payment_method",), where=(AllOf((EqualsText("payment_method", "paypal"), Compare("total_amount", ">", 0))),)
        ),
    ),
}


@pytest.mark.parametrize("name", TOTALS)
def test_totals_are_the_same_on_every_store(name: str, memory: Store, store: Store) -> None:
    found = []
    for one in (memory, store):
        with one.read_only() as transaction:
            found.append(sorted(transaction.totals(*TOTALS[name]), key=repr))

    assert found[0] == found[1]
    assert found[0]


def test_totals_include_what_the_transaction_has_written(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.put(ORDERS, Order(12, customer_id=1, total_amount=2**70, currency="n\0l \ud800"))
        rows = transaction.totals(ORDERS, TotalsQuery(("id",), lowest=("currency",), where=(In("id", (12,)),)))
        transaction.put(ORDERS, STORED_ORDERS[0])

    assert rows[0][:2] == (12, 1)


def test_equal_values_are_oldest_first_in_both_directions(store: Store) -> None:
    up, down = (listed(store, "orders", sort_by="fulfillment_type", sort_type=way)[0][0] for way in ("asc", "desc"))

    assert up == down == [2, 3, 4, 7, 9]


def test_null_sorts_before_numbers_and_text_without_case(store: Store) -> None:
    receipts = listed(store, "orders", sort_by="receipt_number", sort_type="asc")
    notes = listed(store, "orders", sort_by="note", sort_type="asc", search="lan")

    assert [receipts[0][0], receipts[1][0]] == [[2, 3, 4, 10, 11], [7, 9, 12]]
    assert notes == [([], 0)] * 2
    assert listed(store, "orders", sort_by="note", sort_type="asc")[0][0] == [2, 4, 3, 7, 10]


def test_a_page_beyond_the_last_one_is_empty_and_has_the_total(store: Store) -> None:
    with store.read_only() as transaction:
        reader = Reader(transaction, "http://shop.test", RULES["1.6.2"], crashes=False)
        (answer,) = list_views.orders(reader, ListQuery({"page": "999999999999999999"}, "/")).values()

    assert (answer["data"], answer["total"]) == ([], len(STORED_ORDERS))
