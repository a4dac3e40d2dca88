"""Lists: pages, sorting, search, views and relations, compared with group 11."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.versions import VERSIONS
from refund_sandbox.app import SandboxApp
from tests.conformance.replay import difference, mask
from tests.support.fluentcart_calls import AUTH, BASE, call, load, paid
from tests.support.recorded_shop import LIVE, READS, load_shop, read, refund_as_recorded

LISTS = {f"{BASE}/{name}" for name in ("orders", "subscriptions", "customers")}
RECORDED = [
    pytest.param(case, id=case["id"])
    for case in READS
    if case["request"]["path"].partition("?")[0] in LISTS and case["expect"]["status"] == 200
]
CRASHES = [
    pytest.param(case, id=case["id"]) for case in READS if case["request"]["method"] == "GET" and case["expect"]["status"] == 500
]


def ids(page: dict[str, Any]) -> list[int]:
    return [row["id"] for row in page["data"]]


def orders(client: TestClient, query: str) -> Any:
    return read(client, f"/orders?{query}")["orders"]


@pytest.mark.parametrize("case", RECORDED)
def test_a_recorded_list_gets_the_recorded_reply(case: dict[str, Any], sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox, LIVE)
    if case["name"].startswith("AFTER"):
        refund_as_recorded(client)

    reply = client.get(case["request"]["path"], auth=AUTH)

    want = json.loads(json.dumps(case["expect"]["body"]).replace("<site>", "testserver"))
    assert difference(mask(want), mask(reply.json()), "body") is None


@pytest.mark.parametrize("case", CRASHES)
def test_live_validation_reproduces_a_recorded_crash(case: dict[str, Any], sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox, LIVE)

    reply = client.get(case["request"]["path"], auth=AUTH)

    want = case["expect"]["body"]
    assert reply.status_code == 500
    assert reply.json() == want


@pytest.mark.parametrize("case", CRASHES)
@pytest.mark.parametrize("version", VERSIONS)
def test_strict_validation_never_crashes(case: dict[str, Any], version: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox, {"fluentcart": {"version": version}})

    assert client.get(case["request"]["path"], auth=AUTH).status_code in (200, 404)


@pytest.mark.parametrize(
    ("query", "page", "per_page"),
    [
        ("page=2&per_page=5", 2, 5),
        ("per_page=199", 1, 199),
        ("per_page=200", 1, 10),
        ("per_page=0", 1, 10),
        ("per_page=2.5", 1, 2),
        ("per_page=abc", 1, 10),
        ("page=0", 1, 10),
        ("page=-1", 1, 10),
        ("page=abc", 1, 10),
        ("page=2.5", 2, 10),
        ("page[]=2", 1, 10),
        ("page=99999999999999999999", 1, 10),
    ],
)
def test_an_invalid_page_falls_back_to_the_default(
    query: str, page: int, per_page: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load_shop(sandbox)

    page_body = orders(client, query)

    assert (page_body["current_page"], page_body["per_page"], page_body["total"]) == (page, per_page, 14)


@pytest.mark.parametrize(
    ("page", "labels"),
    [
        (1, "1 2 3 4 5 6 7 8 9 10 ... 29 30"),
        (7, "1 2 3 4 5 6 7 8 9 10 ... 29 30"),
        (8, "1 2 ... 5 6 7 8 9 10 11 ... 29 30"),
        (23, "1 2 ... 20 21 22 23 24 25 26 ... 29 30"),
        (24, "1 2 ... 21 22 23 24 25 26 27 28 29 30"),
        (99, "1 2 ... 21 22 23 24 25 26 27 28 29 30"),
    ],
)
def test_many_pages_are_linked_around_the_current_one(page: int, labels: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, *[paid(number) for number in range(1, 31)])

    links = orders(client, f"per_page=1&page={page}")["links"]

    assert [link["label"] for link in links[1:-1]] == labels.split()
    assert [link["label"] for link in links if link["active"]] == [str(page)] * (page <= 30)
    assert all((link["url"] is None) == (link["label"] == "...") for link in links[1:-1])


def test_the_urls_use_the_url_of_the_site(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), site={"url": "https://shop.example"})

    assert orders(client, "per_page=1")["first_page_url"] == f"https://shop.example{BASE}/orders/?page=1"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sort_by=total_amount&sort_type=asc&per_page=2", [1009, 1010]),
        ("sort_by=total_amount&per_page=2", [1002, 1001]),
        ("sort_by=receipt_number&sort_type=asc&per_page=3", [1005, 1006, 1001]),
        ("sort_by=config&per_page=2", [1014, 1013]),
        ("sort_by=nonsense&sort_type=asc&per_page=2", [1001, 1002]),
        ("sort_by=payment_method&sort_type=ASC&per_page=1", [1001]),
    ],
)
def test_lists_are_sorted_by_any_column(query: str, found: list[int], sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    assert ids(orders(client, query)) == found


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("INV-3", [1003]),
        ("walnut", [1001]),
        ("zoe unal", [1014, 1011, 1003]),
        ("1002", []),
        ("jane%test", [1012, 1009, 1008, 1007, 1006, 1005, 1004, 1001]),
        ("INV_12", [1014]),
        ("id = 1002", [1002]),
        ("id=1002", [1002]),
        ("id = abc", []),
        ("id < 1003", [1002, 1001]),
        ("id > 1012", [1014, 1013]),
        ("id >= 1013", list(range(1014, 1000, -1))),  # the plugin reads the value as `= 1013`, which is 0
        ("id :: 1002", []),
        ("invoice = INV-3", []),
        ("id != 1001 ", list(range(1014, 1001, -1))),
        ("id :: 1002-1004", [1004, 1003, 1002]),
        ("status = on-hold", [1005]),
        ("payment = failed", [1006]),
        ("payment_by = PayPal", [1007, 1003]),
        ("customer = john@", [1013, 1010, 1002]),
        ("color = red", []),
        ("  ", list(range(1014, 1000, -1))),
    ],
)
def test_search_accepts_free_text_and_operators(search: str, found: list[int], sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    reply = client.get(f"{BASE}/orders", params={"search": search, "per_page": 50}, auth=AUTH)

    assert ids(reply.json()["orders"]) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("/subscriptions?search=Pro%20Plan", [302, 301]),
        ("/subscriptions?search=id%20%3D%20302", [302]),
        ("/subscriptions?search=status%20%3D%20active", []),
        ("/subscriptions?search=active", [301]),
        ("/subscriptions?search=Cancelled", [302]),
        ("/subscriptions?search=%23302", [302]),
        ("/subscriptions?search=sub_ok_1", [301]),
        ("/subscriptions?search=jane%40", [302, 301]),
        ("/subscriptions?search=jane", []),
        ("/subscriptions?active_view=completed", [302, 301]),
        ("/subscriptions?active_view=active&filter_type=advanced", [302, 301]),
        ("/orders?search=INV-3&filter_type=nonsense&per_page=1", [1014]),
        ("/orders?active_view=refunded&filter_type=advanced&per_page=1", [1014]),
        ("/orders?per_page=2nd&sort_type=asc", list(range(1001, 1011))),
        ("/customers?search=12", [12]),
        ("/customers?search=id%20%3E%2011", [13, 12]),
        ("/customers?search=@example.test", [13, 12, 11]),
        ("/subscriptions?active_view=canceled", [302]),
        ("/subscriptions?active_view=nonsense", [302, 301]),
        ("/subscriptions?sort_type=asc", [301, 302]),
        ("/customers?search=smith", [12]),
        ("/customers?sort_by=ltv", [11, 12, 13]),
        ("/customers?active_view=nonsense", [13, 12, 11]),
    ],
)
def test_subscriptions_and_customers_can_be_searched(
    query: str, found: list[int], sandbox: SandboxApp, client: TestClient
) -> None:
    load_shop(sandbox)

    (page,) = read(client, query).values()

    assert ids(page) == found


@pytest.mark.parametrize(
    ("view", "found"),
    [("renewal", [1008]), ("processing", [1001]), ("onetime", []), ("on-hold", [1005]), ("subscription", [1007, 1004])],
)
def test_a_view_selects_matching_orders(view: str, found: list[int], sandbox: SandboxApp, client: TestClient) -> None:
    load_shop(sandbox)

    assert ids(orders(client, f"active_view={view}")) == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("payment_statuses[]=pending&payment_statuses[]=failed", [1006, 1005]),
        ("payment_statuses=failed", [1006]),
        ("order_statuses[]=canceled", [1014]),
        ("shipping_statuses[]=unshipped", [1001]),
        ("payment_statuses=", list(range(1014, 1004, -1))),
    ],
)
def test_documented_filters_work_where_the_plugin_does_not_crash(
    query: str, found: list[int], sandbox: SandboxApp, client: TestClient
) -> None:
    load_shop(sandbox)

    assert ids(orders(client, query)) == found


def test_select_returns_the_named_columns_only(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    assert orders(client, "select=id,total_paid,nonsense")["data"] == [{"id": 1, "total_paid": "10000"}]


@pytest.mark.parametrize(
    ("version", "added"),
    [
        ("1.3.25", {"customer", "order_items", "transactions", "subscriptions", "transactions_count"}),
        ("1.6.2", {"customer", "order_items"}),
    ],
)
def test_a_list_of_orders_adds_the_relations_of_its_version(
    version: str, added: set[str], sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})
    names = ["customer", "order_items", "transactions", "subscriptions", "transactionsCount", "nonsense"]

    (row,) = orders(client, "&".join(f"with[]={name}" for name in names))["data"]
    (plain,) = orders(client, "")["data"]

    assert row.keys() - plain.keys() == added


def _related_orders() -> list[dict[str, Any]]:
    renewals = [paid(2, status="completed"), paid(3, status="canceled")]
    return [paid(), *({**order, "parent_id": 1, "type": "renewal"} for order in renewals)]


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("children", "children", [2, 3]),
        ("renewals", "renewals", [2]),
        ("filteredOrderItems", "filtered_order_items", [100]),
        ("order_addresses", "order_addresses", [8001]),
        ("labels", "labels", [91]),
        ("activities", "activities", [9001]),
    ],
)
@pytest.mark.parametrize("version", ["1.3.25", "1.5.2"])
def test_an_order_has_the_records_of_a_relation(  # measured with 1.3.25
    version: str, name: str, key: str, value: list[int], sandbox: SandboxApp, client: TestClient
) -> None:
    first, *others = _related_orders()
    model = "FluentCart\\App\\Models\\Order"
    load(
        sandbox,
        {**first, "addresses": [{"id": 8001, "type": "billing", "name": "Ada", "country": "IE"}]},
        *others,
        settings={"fluentcart": {"version": version}},
        labels=[{"id": 41, "value": "vip"}],
        label_relationships=[{"id": 91, "label_id": 41, "labelable_id": 1, "labelable_type": model}],
        activities=[{"id": 9001, "module_type": model, "module_id": 1, "title": "Something"}],
    )

    row = orders(client, f"with[]={name}&sort_by=id&sort_type=asc")["data"][0]

    assert [entry["id"] for entry in row[key]] == value


def test_the_relations_of_an_order_have_these_keys(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(customer_id=11), settings={"fluentcart": {"version": "1.3.25"}})
    names = [
        "parentOrder",
        "billing_address",
        "orderTaxRates",
        "orderMeta",
        "appliedCoupons",
        "orderOperation",
        "customer.orders",
    ]

    (row,) = orders(client, "&".join(f"with[]={name}" for name in names))["data"]

    assert (row["parent_order"], row["billing_address"], row["order_operation"]) == (None, None, None)
    assert (row["order_tax_rates"], row["order_meta"], row["applied_coupons"]) == ([], [], [])
    assert [order["id"] for order in row["customer"]["orders"]] == [1]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("customer.nonsense", "[nonsense] on model [FluentCart\\App\\Models\\Customer]"),
        ("nonsense.customer", "[nonsense] on model [FluentCart\\App\\Models\\Order]"),
    ],
)
def test_an_unknown_relation_is_named_without_the_others_around_it(  # measured with 1.3.25
    name: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(customer_id=11), settings={"validation": "live", "fluentcart": {"version": "1.3.25"}})

    reply = client.get(f"{BASE}/orders?with[]={name}", auth=AUTH)

    assert reply.json()["message"] == f"Call to undefined relationship {message}."


_V1_3_25 = {"validation": "live", "fluentcart": {"version": "1.3.25"}}


@pytest.mark.parametrize("query", ["search=zzz&with[]=nonsense", "page=9&with[]=nonsense", "search=zzz&select=nonsense"])
def test_a_list_without_records_reads_no_relations_and_columns(  # measured with 1.3.25
    query: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(customer_id=11), settings=_V1_3_25)

    assert orders(client, query)["data"] == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("search[]=x&with=x", "Cannot assign array to property ...::$search of type string"),
        ("filter_type[]=x", "Cannot assign array to property ...::$filterType of type string"),
        ("scopes=x", "Cannot assign string to property ...::$scopes of type ?array"),
        ("limit=", "Cannot assign string to property ...::$limit of type ?int"),
        ("offset[]=1", "Cannot assign array to property ...::$offset of type ?int"),
        ("user_tz[]=UTC", "Cannot assign array to property ...::$userTz of type ?string"),
        ("advanced_filters[]=x", "json_decode(): Argument #1 ($json) must be of type string, array given"),
    ],
)
@pytest.mark.parametrize("path", ["/orders", "/customers", "/subscriptions", "/activity"])
def test_a_parameter_of_another_type_crashes_a_list(  # measured with 1.3.25
    path: str, query: str, message: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings=_V1_3_25)

    reply = client.get(f"{BASE}{path}?{query}", auth=AUTH)

    assert reply.status_code == 500
    assert reply.json()["message"] == message.replace("...", "FluentCart\\App\\Services\\Filter\\BaseFilter")


@pytest.mark.parametrize("query", ["limit=1", "offset=%202", "user_tz=UTC", "scopes[0]=", "filter_type=", "active_view[]=x"])
def test_a_parameter_of_its_type_does_not_crash_a_list(query: str, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=_V1_3_25)

    assert client.get(f"{BASE}/orders?{query}", auth=AUTH).status_code == 200


@pytest.mark.parametrize(
    ("path", "table", "select", "columns"),
    [
        ("/orders", "orders", ",", "``, ``"),
        ("/orders", "orders", "id,,uuid", "`id`, ``, `uuid`"),
        ("/customers", "customers", "nonsense", "`nonsense`"),
        ("/activity", "activity", "nonsense", "`nonsense`"),
    ],
)
def test_an_unknown_or_empty_column_crashes_a_list(  # measured with 1.3.25
    path: str, table: str, select: str, columns: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(customer_id=11), settings=_V1_3_25, activities=[{"id": 1, "title": "Something"}])

    reply = client.get(f"{BASE}{path}?select={select}", auth=AUTH)

    assert reply.status_code == 500
    assert f" {columns} from `wp_fct_{table}` order by `id` desc LIMIT 10 offset 0)" in reply.json()["message"]


@pytest.mark.parametrize(
    ("page", "number"), [("02", 2), ("2.7", 2), ("2e0", 2), (".2e1", 2), ("%202", 2), ("2abc", 1), ("-1", 1), ("0.5", 1)]
)
def test_a_page_is_any_number_from_1(page: str, number: int, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=_V1_3_25)  # measured with 1.3.25

    assert orders(client, f"page={page}")["current_page"] == number


@pytest.mark.parametrize(("per_page", "size"), [("0.5", 15), ("2.7", 2), ("199.9", 199), ("200", 10), ("0", 10)])
def test_a_page_has_a_whole_number_of_records(per_page: str, size: int, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=_V1_3_25)  # measured with 1.3.25

    assert orders(client, f"per_page={per_page}")["per_page"] == size


@pytest.mark.parametrize(("version", "has_rate"), [("1.3.25", False), ("1.5.2", True)])  # measured with both
def test_a_tax_row_has_its_rate_in_later_versions(version: str, has_rate: bool, sandbox: SandboxApp, client: TestClient) -> None:
    tax = {"id": 1, "order_id": 1, "order_tax": 100}
    load(sandbox, paid(), settings={"fluentcart": {"version": version}}, order_tax_rates=[tax])

    (row,) = read(client, "/taxes")["taxes"]["data"]

    assert ("tax_rate" in row) == has_rate


@pytest.mark.parametrize("version", ["1.5.2", "1.6.5"])
def test_the_address_of_a_customer_comes_with_its_own_relation(version: str, sandbox: SandboxApp, client: TestClient) -> None:
    address = {"id": 1, "customer_id": 11, "type": "billing", "is_primary": 1, "name": "Ada", "country": "IE"}
    load(sandbox, paid(customer_id=11), settings={"fluentcart": {"version": version}}, customer_addresses=[address])

    (row,) = orders(client, "with[]=customer.primary_billing_address")["data"]

    assert row["customer"]["primary_billing_address"]["country"] == "IE"


def test_a_screen_of_the_plugin_names_its_relations_since_1_6_1(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(customer_id=11))
    (plain,) = orders(client, "")["data"]

    (listed,) = orders(client, "with[]=admin_order_list")["data"]
    (of_customer,) = orders(client, "with[]=admin_customer_orders")["data"]

    assert listed.keys() - plain.keys() == {"customer", "order_items"}
    assert of_customer.keys() - plain.keys() == {"order_items"}


@pytest.mark.parametrize(
    ("query", "status"), [("payment_statuses=", 200), ("payment_statuses[]=paid", 500), ("with=customer", 500)]
)
def test_live_validation_crashes_on_a_filter_with_a_value(
    query: str, status: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings={"validation": "live"})

    reply = client.get(f"{BASE}/orders?{query}", auth=AUTH)

    assert reply.status_code == status
    assert ("The plugin fails: " in reply.headers.get("X-Sandbox-Warning", "")) == (status == 500)


def test_a_line_break_of_a_client_stays_out_of_the_warning_of_a_crash(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings={"validation": "live"})

    reply = client.get(f"{BASE}/orders?select=id,a%0D%0AX-Evil:%201", auth=AUTH)

    assert reply.status_code == 500
    assert "X-Evil" not in reply.headers
    assert "a??X-Evil: 1" in reply.headers["X-Sandbox-Warning"]


@pytest.mark.parametrize(("version", "has_customer"), [("1.5.2", True), ("1.6.5", False)])
def test_since_1_6_1_the_customer_of_an_order_needs_the_permission_to_view_customers(
    version: str, has_customer: bool, sandbox: SandboxApp, client: TestClient
) -> None:
    viewer = {"login": "viewer", "application_password": "view VIEW 1234", "permissions": ["orders/view"]}
    load(sandbox, paid(customer_id=11), settings={"fluentcart": {"version": version}}, users=[viewer])

    reply = client.get(f"{BASE}/orders?with[]=customer", auth=("viewer", "view VIEW 1234"))

    assert ("customer" in reply.json()["orders"]["data"][0]) == has_customer


@pytest.mark.parametrize("customer_id", [11, 0])
def test_a_list_of_subscriptions_adds_the_customer(customer_id: int, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, customers=[{"id": 11}], subscriptions=[{"id": 5, "customer_id": customer_id}])

    (row,) = read(client, "/subscriptions?with[]=customer")["data"]["data"]

    assert (row["customer"] or {"id": 0})["id"] == customer_id


def test_a_list_of_subscriptions_adds_the_records_around_each(sandbox: SandboxApp, client: TestClient) -> None:
    subscription = {"id": 301, "customer_id": 11, "product_id": 103, "variation_id": 204, "vendor_subscription_id": "sub_1"}
    order = paid(customer_id=11, subscriptions=[subscription])
    order["transactions"][0]["subscription_id"] = 301
    product = {"ID": 103, "post_title": "Plan", "variants": [{"id": 204, "title": "Monthly"}]}
    load(sandbox, order, settings={"fluentcart": {"version": "1.3.25"}}, products=[product])
    names = ["customer.orders", "order.transactions", "labels", "transactions", "product", "variation"]

    (row,) = read(client, "/subscriptions?" + "&".join(f"with[]={name}" for name in names))["data"]["data"]

    charges = [charge["id"] for charge in row["transactions"]]
    assert charges == [charge["id"] for charge in row["order"]["transactions"]] == [order["transactions"][0]["id"]]
    assert [found["id"] for found in row["customer"]["orders"]] == [order["id"]]
    assert (row["labels"], row["product"]["post_title"], row["variation"]["variation_title"]) == ([], "Plan", "Monthly")


@pytest.mark.parametrize(("view", "found"), [("upgraded_to", [1]), ("upgraded_from", [2]), ("b2b", [3, 2, 1])])
def test_a_view_shows_the_orders_of_an_upgrade(view: str, found: list[int], sandbox: SandboxApp, client: TestClient) -> None:
    load(
        sandbox,
        paid(1, config={"upgraded_to": 2, "upgraded_from": 0}),
        paid(2, config={"upgraded_from": "1"}, transactions=[]),
        paid(3, config={"upgraded_to": None}, transactions=[]),
    )

    assert ids(orders(client, f"active_view={view}")) == found


V152_LIVE = {"validation": "live", "fluentcart": {"version": "1.5.2"}}


@pytest.mark.parametrize("query", ["select=id,uuid", "select[]=id&select[]=uuid"])
def test_columns_are_selected_by_a_text_or_a_list(query: str, sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid(), settings=V152_LIVE)

    assert list(read(client, f"/orders?{query}")["orders"]["data"][0]) == ["id", "uuid"]


@pytest.mark.parametrize(
    "path",
    [
        *("/orders?select[]=nonsense", "/products?select[]=nonsense", "/taxes?with[]=nonsense", "/taxes?with=order"),
        *("/coupons?with[]=nonsense", "/coupons?with=activities", "/products/fetchVariationsByIds?productIds[]=1&productIds[]=2"),
    ],
)
def test_a_parameter_that_crashes_the_plugin_gets_500(path: str, sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, paid(), settings=V152_LIVE)

    assert call(client, "GET", path).status_code == 500


@pytest.mark.parametrize("view", ["b2b_purchase", "reverse_charge"])
@pytest.mark.parametrize(("version", "total"), [("1.3.25", 1), ("1.5.2", 0)])
def test_the_shop_has_no_orders_of_businesses(
    version: str, total: int, view: str, sandbox: SandboxApp, client: TestClient
) -> None:
    """Measured in 1.5.2; a version without the view ignores it."""
    load(sandbox, paid(), settings={"fluentcart": {"version": version}})

    assert read(client, f"/orders?active_view={view}")["orders"]["total"] == total


def test_tax_rows_are_sorted(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    rates = [{"id": number, "order_id": 1, "tax_rate_id": number} for number in (1, 2)]
    load(sandbox, paid(), order_tax_rates=rates)

    assert [row["id"] for row in read(client, "/taxes?sort_type=asc")["taxes"]["data"]] == [1, 2]
    assert [row["id"] for row in read(client, "/taxes")["taxes"]["data"]] == [2, 1]


def test_a_nested_relation_of_a_product_is_inside_of_the_first(sandbox: SandboxApp, client: TestClient) -> None:
    """Measured in 1.5.2."""
    load(sandbox, settings=V152_LIVE)

    product = read(client, "/products?with[]=detail.variants")["products"]["data"][-1]

    assert [variant["post_id"] for variant in product["detail"]["variants"]] == [product["ID"]] * 2
    assert "detail.variants" not in product
