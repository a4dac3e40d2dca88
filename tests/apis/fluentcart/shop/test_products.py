"""Products and coupons: what needs a query string, and the discount of a coupon."""

from starlette.testclient import TestClient

from tests.support.fluentcart_calls import call

TEN = {"title": "Ten", "code": "TEN%", "type": "percentage", "amount": 10, "status": "active", "notes": ""}
FIVE = {**TEN, "title": "Five", "code": "GET5", "type": "fixed", "amount": 5}


def item(number: int, price: int) -> dict[str, int]:
    return {"id": number, "post_id": 102, "quantity": 1, "unit_price": price}


def test_a_stock_keeping_unit_is_suggested(client: TestClient) -> None:
    reply = call(client, "GET", "/products/suggest-sku?title=Walnut%20Desk")

    assert reply.status_code == 200, reply.text


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


def test_an_expired_coupon_is_refused(client: TestClient) -> None:
    old = {**FIVE, "status": "expired", "stackable": "no", "show_on_checkout": "no"}
    call(client, "POST", "/coupons", old)

    reply = call(client, "POST", "/coupons/apply", {"coupon_code": "GET5", "order_items": [item(1, 3000)]})

    assert (reply.status_code, reply.json()["message"]) == (500, "This coupon has expired or is not valid")
