"""Products and coupons: searches, bulk inserts, and the discount of a coupon."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import BASE, call, load, paid

TEN = {"title": "Ten", "code": "TEN%", "type": "percentage", "amount": 10, "status": "active", "notes": ""}
FIVE = {**TEN, "title": "Five", "code": "GET5", "type": "fixed", "amount": 5}


def item(number: int, price: int) -> dict[str, int]:
    return {"id": number, "post_id": 102, "quantity": 1, "unit_price": price}


SHIRT = {"ID": 101, "post_title": "Cotton Shirt", "variants": [{"id": 201, "price": 3050, "title": "Small", "sku": "COT-SHI"}]}
DRAFT = {"ID": 102, "post_title": "Wool Hat", "post_status": "draft", "variants": []}
CHEAPER = "Compare price must be greater than or equal to item price."
PAYMENT_TYPE = "Payment Type must be onetime or subscription."
RELATIONS = (
    "variants downloadable_files orders subscriptions labels shipping_address billing_address primary_billing_address".split()
)
KIND = {"fulfillment_type": "physical", "variation_type": "simple"}
NEW: dict[str, Any] = {"post_title": "Mug", "post_status": "draft", "detail": KIND}


@pytest.fixture
def shop(sandbox: SandboxApp, client: TestClient) -> TestClient:
    load(sandbox, products=[SHIRT, DRAFT], settings={"validation": "live"})
    return client


def insert(client: TestClient, **more: Any) -> Any:
    return call(client, "POST", "/products/bulk-insert", {"products": [{**NEW, **more}]}).json()


@pytest.mark.parametrize(
    ("query", "sku"),
    [
        ("title=Walnut%20Desk", "WAL-DES"),
        ("title=Cotton%20Shirt", "COT-SHI-1"),
        ("title=Cotton%20Shirt&exclude_id=201", "COT-SHI"),
        ("title=The%20Lord%20of%20Rings&variant_title=Large", "LOR-RIN-LAR"),
        ("title=A%20very%20long%20name%20that%20goes%20on%20and%20on%20forever", "VER-LON-NAM-THA-GOE-FOR"),
        ("title=Desk&variant_title=desk", "DES"),
    ],
)
def test_a_stock_keeping_unit_is_suggested(query: str, sku: str, shop: TestClient) -> None:
    reply = call(shop, "GET", f"/products/suggest-sku?{query}")

    assert reply.json() == {"sku": sku}


@pytest.mark.parametrize(
    ("title", "message"),
    [("", "Product title is required to generate SKU."), ("the", "Could not generate SKU from the given title.")],
)
def test_no_stock_keeping_unit_is_suggested_without_a_word(title: str, message: str, shop: TestClient) -> None:
    reply = call(shop, "GET", f"/products/suggest-sku?title={title}")

    assert (reply.status_code, reply.json()["message"]) == (422, message)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("name=shirt", [101]),
        ("name=Small", []),
        ("search=anything", [101]),
        ("", [101, 102]),
        ("ids[]=102", []),
        ("ids[]=101", [101]),
    ],
)
def test_variations_are_found_by_the_title_of_their_product(query: str, found: list[int], shop: TestClient) -> None:
    reply = call(shop, "GET", f"/products/searchVariantByName?{query}")

    assert [product["value"] for product in reply.json()] == found


@pytest.mark.parametrize(
    ("version", "path", "keys"),
    [
        ("1.5.2", "/products/101?with[]=variants", {"variants"}),
        ("1.5.2", "/products/101?with[]=nonsense", None),
        ("1.5.2", "/products/101?with=variants", None),
        ("1.6.5", "/products/101?with[]=variants&with[]=downloadable_files&with[]=nonsense", {"variants"}),
        ("1.6.5", "/products/101?with[]=block_product_detail", {"variants"}),
        ("1.6.5", "/products/101?with=variants", None),
        ("1.5.2", "/customers/7?with[]=subscriptions", {"subscriptions", "labels"}),
        ("1.5.2", "/customers/7?with=orders", {"orders", "labels"}),
        ("1.5.2", "/customers/7?with[]=nonsense", None),
        ("1.6.5", "/customers/7?with[]=orders&with[]=nonsense", set()),
        ("1.6.5", "/customers/7?with[]=labels&with=primary_billing_address", {"primary_billing_address"}),
        (
            "1.6.5",
            "/customers/7?with[]=admin_customer_detail",
            {"shipping_address", "billing_address", "labels", "subscriptions"},
        ),
    ],
)
def test_one_product_or_customer_has_the_relations_of_its_version(
    version: str, path: str, keys: set[str] | None, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), products=[SHIRT], settings={"validation": "live", "fluentcart": {"version": version}})

    reply = call(client, "GET", path)

    if keys is None:
        assert reply.status_code == 500
    else:
        (row,) = reply.json().values()
        assert {name for name in row if name in RELATIONS} == keys


@pytest.mark.parametrize(("version", "price"), [("1.5.2", 30.5), ("1.6.5", 3050)])
def test_products_to_edit_have_prices_in_the_unit_of_the_version(
    version: str, price: float, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, products=[SHIRT, DRAFT], settings={"fluentcart": {"version": version}})

    page = call(client, "GET", "/products/bulk-edit-data?per_page=1&page=2").json()

    assert [page[name] for name in ("total", "per_page", "page")] == [2, 1, 2]
    assert [variant["item_price"] for variant in page["products"][0]["variants"]] == [price]


@pytest.mark.parametrize(("version", "price"), [("1.5.2", 150000), ("1.6.5", 1500)])
def test_the_prices_of_a_bulk_insert_have_the_unit_of_the_version(
    version: str, price: int, sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, settings={"fluentcart": {"version": version}})

    insert(client, variants=[{"item_price": 1500}])

    prices = [variant["item_price"] for variant in call(client, "GET", "/variants").json()]
    assert price in prices


@pytest.mark.parametrize(
    ("more", "field", "message"),
    [
        ({"post_status": "publish"}, "post_status", "Status must be published or draft."),
        ({"post_title": "é" * 101}, "post_title", "The post_title must not be greater than 200 characters."),
        ({"variants": [{"item_price": "x"}]}, "variants.0.item_price", "Price must be a number."),
        ({"variants": [{"item_price": 9, "compare_price": 8}]}, "variants.0.compare_price", CHEAPER),
        ({"variants": [{"other_info": {"payment_type": "rent"}}]}, "variants.0.other_info.payment_type", PAYMENT_TYPE),
        ({"variants": [{"sku": "M"}, {"sku": "M"}]}, "variants.1.sku", 'Duplicate SKU "M" within this product.'),
    ],
)
def test_a_bulk_insert_names_what_is_wrong(more: dict[str, Any], field: str, message: str, shop: TestClient) -> None:
    reply = insert(shop, **more)

    assert reply["message"] == "All products failed to insert"
    assert reply["errors"] == [
        {"_cid": "", "title": more.get("post_title", "Mug"), "message": message, "fields": {field: message}}
    ]


def test_a_bulk_insert_refuses_a_stock_keeping_unit_of_another_product(shop: TestClient) -> None:
    reply = insert(shop, variants=[{"sku": "COT-SHI"}])

    assert reply["errors"] == [{"_cid": "", "title": "Mug", "message": 'SKU "COT-SHI" is already in use.'}]
    assert call(shop, "GET", "/products").json()["products"]["total"] == 2


def test_a_variation_without_managed_stock_has_none(shop: TestClient) -> None:
    insert(shop, variants=[{"total_stock": 7}], detail={**NEW["detail"], "variation_type": "simple_variations"})
    insert(shop, detail={**NEW["detail"], "manage_stock": 1, "total_stock": 5})

    stock = [(row["manage_stock"], row["total_stock"], row["stock_status"]) for row in call(shop, "GET", "/variants").json()[1:]]
    assert stock == [("0", 0, "in-stock"), ("1", 5, "in-stock")]


def test_a_coupon_is_shared_by_the_items(client: TestClient) -> None:
    for coupon in (TEN, FIVE):
        created = call(client, "POST", "/coupons", {**coupon, "stackable": "no", "show_on_checkout": "no"})
        assert created.status_code == 200, created.text
    items = [item(1, 3000), item(2, 1000)]

    shared = [
        call(client, "POST", "/coupons/apply", {"coupon_code": code, "order_items": items}).json()
        for code in ("TEN%", "GET5", "get5")
    ]

    discounts = [
        [row["discount_total"] for row in (rows.values() if isinstance(rows, dict) else rows)]
        for rows in (reply["calculated_items"] for reply in shared)
    ]
    assert discounts == [[300, 100], [375, 125], [0, 0]]
    assert shared[2]["applied_coupons"] == []


def test_amounts_of_a_coupon_are_rounded_as_by_php(client: TestClient) -> None:
    sent = {**FIVE, "amount": 1.005, "conditions": {"min_purchase_amount": 8.165}, "stackable": "no", "show_on_checkout": "no"}

    made = call(client, "POST", "/coupons", sent).json()["data"]

    assert (made["amount"], made["conditions"]["min_purchase_amount"]) == (101, 817)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/coupons?active_view=expired", [3, 2]),
        ("/coupons?active_view=expired&filter_type=advanced", [3, 2, 1]),
        ("/coupons?active_view=active", [3, 1]),
        ("/coupons?search=5", [1]),
        ("/coupons?search=ast", [3]),
        ("/coupons?search=3", [3]),
        ("/taxes?search=%231001", [1]),
        ("/taxes?search=2", [2]),
        ("/taxes?search=order_id%20%3E%201001", [2]),
        ("/taxes?search=IE", []),
        ("/taxes?active_view=filed&filter_type=advanced", [2, 1]),
        ("/products?search=sku%20%3D%20*-SHI", [101]),
        ("/products?search=sku%20!%3D%20cot*", []),
        ("/products?search=description%20%3D%20*warm*", [102]),
        ("/products?search=description%20!%3D%20warm%20hat", [101]),
        ("/products?search=Wool&filter_type=advanced", [102, 101]),
        ("/products?search=ID%20%3E%20101", [102]),
    ],
)
def test_coupons_taxes_and_products_are_searched_as_by_the_plugin(
    path: str, found: list[int], sandbox: SandboxApp, client: TestClient
) -> None:
    coupons = [
        {"id": 1, "title": "Five", "code": "FIVE", "amount": 500},
        {"id": 2, "title": "Old", "code": "OLD", "amount": 100, "status": "expired"},
        {"id": 3, "title": "Past", "code": "PAST", "amount": 700, "end_date": "2020-01-01 00:00:00"},
    ]
    taxes = [{"id": number, "order_id": 1000 + number} for number in (1, 2)]
    load(sandbox, products=[SHIRT, {**DRAFT, "post_content": "Warm hat"}], coupons=coupons, order_tax_rates=taxes)

    (page,) = call(client, "GET", path).json().values()

    assert [row.get("id", row.get("ID")) for row in page["data"]] == found


@pytest.mark.parametrize(
    ("dates", "status"),
    [
        ({"start_date": "2026-01-02", "end_date": "2026-01-01"}, 422),
        ({"start_date": "2026-01-02 10:00:00", "end_date": "2026-01-03"}, 200),
        ({"start_date": "whenever", "end_date": "2026-01-01"}, 200),
        ({"start_date": "2026-01-02", "end_date": "whenever"}, 422),
        ({"start_date": 5, "end_date": ""}, 200),
        ({"start_date": [], "end_date": "2026-01-01"}, 500),
    ],
)
def test_a_coupon_ends_after_its_start(dates: dict[str, Any], status: int, sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, settings={"validation": "live"})

    reply = call(client, "POST", "/coupons", {**FIVE, "stackable": "no", "show_on_checkout": "no", **dates})

    assert reply.status_code == status, reply.text


PLAN = {"id": 204, "price": 900, "payment_type": "subscription"}
PUBLIC = [
    SHIRT,
    {"ID": 103, "post_title": "9 Lives Plan", "fulfillment_type": "digital", "variants": [PLAN]},
    {
        "ID": 104,
        "post_title": "30 Days",
        "variation_type": "simple_variations",
        "variants": [{"id": 205, "price": 2000}, {"id": 206, "price": 100}],
    },
]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [101, 103, 104]),
        ("filters[sort_by]=name-desc", [104, 103, 101]),
        ("default_filters[sort_by]=price-low", [104, 103, 101]),
        ("filters[sort_by]=price-high&default_filters[sort_by]=name-asc", [101, 103, 104]),
        ("filters[sort_by]=date-newest", [104, 103, 101]),
        ("filters[sort_by]=nonsense", [101, 103, 104]),
        ("filters[price_range_from]=5", [101, 103, 104]),
        ("filters[price_range_from]=5&filters[price_range_to]=10.00", [103]),
        ("filters[wildcard]=plan", [103]),
        ("product_type=digital", [103]),
        ("product_type=onetime", [101, 104]),
        ("product_type=simple_variations", [104]),
        ("include_ids[]=0&include_ids[]=104", [104]),
        ("per_page=0", [101, 103, 104]),
        ("with=detail", [101, 103, 104]),
    ],
)
def test_everybody_can_filter_and_sort_products(query: str, found: list[int], sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, products=PUBLIC)

    page = client.get(f"{BASE}/public/products?{query}").json()["products"]

    assert [product["ID"] for product in page["products"]["data"]] == found
    assert page["total"] == len(found)


def test_a_cursor_leads_through_the_public_products(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, products=PUBLIC)
    path, found = f"{BASE}/public/products?paginate_using=cursor&per_page=2", []

    for _ in range(2):
        page = client.get(path).json()["products"]["products"]
        found.append([product["ID"] for product in page["data"]])
        path = f"{path}&cursor={str(page['next_page_url']).partition('cursor=')[2]}"

    assert found == [[101, 103], [104]]
    assert list(page) == ["data", "path", "per_page", "next_page_url", "prev_page_url"]


@pytest.mark.parametrize("query", ["per_page=many", "with=nonsense"])
def test_what_the_public_list_does_not_know_crashes_it(query: str, shop: TestClient) -> None:
    assert shop.get(f"{BASE}/public/products?{query}").status_code == 500


def test_an_expired_coupon_is_refused(client: TestClient) -> None:
    old = {**FIVE, "status": "expired", "stackable": "no", "show_on_checkout": "no"}
    call(client, "POST", "/coupons", old)

    reply = call(client, "POST", "/coupons/apply", {"coupon_code": "GET5", "order_items": [item(1, 3000)]})

    assert (reply.status_code, reply.json()["message"]) == (500, "This coupon has expired or is not valid")
