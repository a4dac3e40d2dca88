"""WordPress around the plugin, beyond the recordings: authentication, forms of a request, headers of a reply."""

import base64
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import AUTH, BASE, load, order, paid, successful_refund

pytestmark = pytest.mark.memory_only

INFO = {"transaction_id": 10, "amount": 100}
BODY: Any = {"refund_info": INFO}
LIVE = {"validation": "live"}


@pytest.fixture(autouse=True)
def one_order(sandbox: SandboxApp) -> None:
    load(sandbox, paid())


def basic(text: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


@pytest.mark.parametrize(
    "headers",
    [
        basic("admin:demoDEMO1234demoDEMO5678"),
        basic("ADMIN: demo-DEMO-1234-demo-DEMO-5678 "),
        basic(" admin :demoDEMO1234demoDEMO5678"),
        basic("admin@example.test:demo DEMO 1234 demo DEMO 5678"),
    ],
)
def test_only_letters_and_digits_of_an_application_password_count(headers: dict[str, str], client: TestClient) -> None:
    assert client.post(f"{BASE}/orders/1/refund", json=BODY, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Basic /w=="},
        {"Authorization": "Bearer demoDEMO1234demoDEMO5678"},
        basic("admin"),
        basic("admin:"),
        basic("admin:--- "),
        basic(" admin@example.test:demoDEMO1234demoDEMO5678"),
        basic("admin:DEMOdemo1234demoDEMO5678"),
        basic("nobody:demoDEMO1234demoDEMO5678"),
    ],
)
def test_all_invalid_credentials_get_the_same_reply(headers: dict[str, str], client: TestClient) -> None:
    reply = client.post(f"{BASE}/orders/1/refund", json=BODY, headers=headers)

    assert reply.status_code == 401
    assert reply.json() == {
        "code": "rest_forbidden",
        "message": "Sorry, you are not allowed to do that.",
        "data": {"status": 401},
    }
    assert "WWW-Authenticate" not in reply.headers
    assert "Expires" not in reply.headers


def test_a_user_without_the_permission_gets_403_even_for_an_unknown_order(client: TestClient) -> None:
    client.post("/_sandbox/reset", json={})

    reply = client.post(f"{BASE}/orders/99999/refund", json=BODY, auth=("viewer", "view VIEW 1234 view VIEW 5678"))

    assert reply.status_code == 403
    assert "Allow" not in reply.headers


@pytest.mark.parametrize(
    "path",
    [
        "/index.php/wp-json/fluent-cart/v2/orders/1/refund",
        "/?rest_route=/fluent-cart/v2/orders/1/refund",
        "/index.php?rest_route=/fluent-cart/v2/orders/1/refund/",
        "/wp-json/fluent-cart/v2/Orders/0001/REFUND//",
    ],
)
def test_a_route_has_many_spellings(path: str, client: TestClient) -> None:
    reply = client.post(path, json=BODY, auth=AUTH)

    assert (reply.status_code, reply.json()) == (200, successful_refund())


@pytest.mark.parametrize(
    ("path", "under_plugin"),
    [
        ("/wp-json/fluent-cart/v2/orders/1/refunds", True),
        ("/wp-json/fluent-cart/v3/orders/1/refund", True),
        ("/wp-json/wp/v2/nothing", False),
        ("/?rest_route=/wp/v2/nothing", False),
    ],
)
def test_only_404s_under_the_plugin_have_its_environment(path: str, under_plugin: bool, client: TestClient) -> None:
    reply = client.post(path, json=BODY, auth=AUTH)

    assert reply.status_code == 404
    assert reply.json()["code"] == "rest_no_route"
    assert ("wpfluent" in reply.json()["data"]) is under_plugin


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_wrong_method_gets_404_as_wordpress_has_no_405(method: str, client: TestClient) -> None:
    assert client.request(method, f"{BASE}/orders/1/refund", json=BODY, auth=AUTH).status_code == 404


def test_a_method_can_be_overridden(client: TestClient) -> None:
    by_header = client.request("GET", f"{BASE}/orders/1/refund", json=BODY, auth=AUTH, headers={"X-HTTP-Method-Override": "post"})
    by_query = client.request("PUT", f"{BASE}/orders/1/refund?_method=POST", json=BODY, auth=AUTH)

    assert (by_header.status_code, by_query.status_code) == (200, 200)
    assert order(client, 1)["total_refund"] == 200


def test_options_describes_the_route_without_authentication(client: TestClient) -> None:
    reply = client.request("OPTIONS", f"{BASE}/orders/1/refund", content=b"{bad")

    assert reply.status_code == 200
    assert reply.json() == {
        "namespace": "fluent-cart/v2",
        "methods": ["POST"],
        "endpoints": [{"methods": ["POST"], "args": {"order_id": {"required": True}}}],
    }


@pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000"])
def test_an_origin_is_echoed(origin: str, client: TestClient) -> None:
    reply = client.post(f"{BASE}/orders/1/refund", json=BODY, auth=AUTH, headers={"Origin": origin})

    assert reply.headers["Access-Control-Allow-Origin"] == origin
    assert reply.headers["Access-Control-Allow-Credentials"] == "true"
    assert reply.headers["Vary"] == "Origin"


def test_the_link_header_has_the_requested_host(client: TestClient) -> None:
    reply = client.post(f"{BASE}/orders/1/refund", json=BODY, auth=AUTH)

    assert reply.headers["Link"] == '<http://testserver/wp-json/>; rel="https://api.w.org/"'


def test_json_escapes_slashes_and_non_ascii_characters(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = client.post(f"{BASE}/orders/1/refund", json={"refund_info": {"transaction_id": "é/1", "amount": 1}}, auth=AUTH)

    assert b"OrderTransaction] \\u00e9\\/1" in reply.content


def test_an_envelope_has_status_and_headers(client: TestClient) -> None:
    reply = client.post(f"{BASE}/orders/99/refund?_envelope=1", json=BODY, auth=AUTH)

    assert reply.status_code == 200
    assert reply.json()["status"] == 404
    assert reply.json()["headers"] == {"Allow": "POST"}
    assert "Allow" not in reply.headers


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_fields=gateway_refund+fluent_cart_refund", ["fluent_cart_refund", "gateway_refund"]),
        ("_fields[]=gateway_refund&_fields[]=nothing", ["gateway_refund"]),
        ("_fields=", ["fluent_cart_refund", "gateway_refund"]),
        ("_fields=nothing", []),
    ],
)
def test_names_of_fields_are_a_list_or_a_text(query: str, names: list[str], client: TestClient) -> None:
    assert list(client.post(f"{BASE}/orders/1/refund?{query}", json=BODY, auth=AUTH).json()) == names


def test_fields_selects_the_named_fields(client: TestClient) -> None:
    reply = client.post(f"{BASE}/orders/1/refund?_fields=gateway_refund.status,fluent_cart_refund,nothing", json=BODY, auth=AUTH)

    assert reply.json() == {
        "gateway_refund": {"status": "success"},
        "fluent_cart_refund": successful_refund()["fluent_cart_refund"],
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("nothing", []),
        ("order.nothing", {"order": []}),
        ("order.", {"order": []}),
        ("order.transactions.id", {"order": {"transactions": []}}),
        ("order.transactions.0.id", {"order": {"transactions": [{"id": 10}]}}),
        ("order.transactions.1.id", {"order": {"transactions": []}}),
        ("discount_meta,order.id", {"order": {"id": 1}, "discount_meta": ""}),
    ],
)
def test_fields_are_selected_by_keys_and_indexes(  # measured with 1.3.25 in WordPress 6.8
    names: str, expected: Any, client: TestClient
) -> None:
    reply = client.get(f"{BASE}/orders/1?_fields={names}", auth=AUTH)

    assert reply.json() == expected


def test_a_field_inside_of_a_whole_one_ends_the_selection(client: TestClient) -> None:
    reply = client.get(f"{BASE}/orders/1?_fields=order_settings,order_settings.x,discount_meta", auth=AUTH)

    assert reply.json().keys() == {"order_settings"}


def test_an_error_in_an_envelope_does_not_name_the_environment(client: TestClient) -> None:  # measured with 1.3.25
    order, path, transaction = (
        client.get(f"{BASE}/orders/99?_envelope=1", auth=AUTH),
        client.get(f"{BASE}/nonsense?_envelope=1", auth=AUTH),
        client.post(f"{BASE}/orders/1/refund?_envelope=1", json={"refund_info": {"transaction_id": 99, "amount": 1}}, auth=AUTH),
    )

    assert order.json()["body"]["data"].keys() == {"message", "buttonText", "route"}
    assert path.json()["body"]["data"] == {"status": 404}
    assert transaction.json()["body"].keys() == {"message"}


@pytest.mark.parametrize("callback", ["_jsonp=", "_jsonp=0"])
def test_an_empty_callback_is_none(callback: str, client: TestClient) -> None:  # measured with 1.3.25 in WordPress 6.8
    reply = client.get(f"{BASE}/orders/1?{callback}", auth=AUTH)

    assert reply.headers["Content-Type"] == "application/json; charset=UTF-8"
    assert reply.json()["order"]["id"] == 1


@pytest.mark.parametrize("query", ["_jsonp=a(b)", "_jsonp[]=a", "_jsonp=a(b)&_envelope=1"])
def test_an_invalid_callback_is_refused_before_anything_else(query: str, client: TestClient) -> None:
    reply = client.get(f"{BASE}/orders/1?{query}", headers={"X-WP-Nonce": "abc"})

    assert reply.status_code == 400
    assert reply.json() == {"code": "rest_callback_invalid", "message": "Invalid JSONP callback function."}
    assert reply.headers["Content-Type"] == "application/javascript; charset=UTF-8"
    assert not {"Allow", "Access-Control-Allow-Headers"} & set(reply.headers)


def test_a_callback_wraps_an_error_of_the_client(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(), settings=LIVE)
    json_type = {"Content-Type": "application/json"}

    reply = client.post(f"{BASE}/orders/1/refund?_jsonp=call", content=b"{", auth=AUTH, headers=json_type)

    assert reply.status_code == 400
    assert reply.text.startswith('/**/call({"code":"rest_invalid_json"')


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("/", ["namespace", "context"]),
        ("/orders/1/transactions", ["order"]),
        ("/orders/1/transactions/10", ["id", "transaction_id"]),
        ("/customers/7", ["customerId"]),
        ("/subscriptions/1", ["subscriptionOrderId"]),
        ("/coupons/1", ["id"]),
    ],
)
def test_options_names_the_parameters_as_the_plugin_does(  # measured with 1.3.25
    path: str, arguments: list[str], client: TestClient
) -> None:
    reply = client.options(f"{BASE}{path}")

    assert list(reply.json()["endpoints"][0]["args"]) == arguments


@pytest.mark.parametrize(
    ("path", "is_of_plugin"),
    [
        ("/wp-json/fluent-cart", True),
        ("/wp-json/fluent-cartx", True),
        ("/?rest_route=fluent-cart/v2", True),
        ("/wp-json/xfluent-cart", False),
    ],
)
def test_an_unknown_path_is_of_the_plugin_by_its_first_letters(path: str, is_of_plugin: bool, client: TestClient) -> None:
    reply = client.get(path, auth=AUTH)

    assert reply.status_code == 404
    assert ("wpfluent" in reply.json()["data"]) == is_of_plugin


def test_a_callback_wraps_the_reply_and_an_invalid_one_is_refused(client: TestClient) -> None:
    good = client.post(f"{BASE}/orders/1/refund?_jsonp=my.call", json=BODY, auth=AUTH)
    bad = client.post(f"{BASE}/orders/1/refund?_jsonp=alert(1)", json=BODY, auth=AUTH)

    assert good.text.startswith("/**/my.call({")
    assert good.headers["Content-Type"] == "application/javascript; charset=UTF-8"
    assert (bad.status_code, bad.json()["code"]) == (400, "rest_callback_invalid")


def test_pretty_is_indented(client: TestClient) -> None:
    assert client.post(f"{BASE}/orders/1/refund?_pretty", json=BODY, auth=AUTH).text.startswith('{\n    "fluent_cart_refund"')


@pytest.mark.parametrize(
    "request_options",
    [
        {"data": {"refund_info[transaction_id]": "10", "refund_info[amount]": "100"}},
        {"files": {"refund_info[transaction_id]": (None, "10"), "refund_info[amount]": (None, "100")}},
        {"params": {"refund_info[transaction_id]": "10", "refund_info[amount]": "100"}},
        {"content": '{"refund_info":{"transaction_id":10,"amount":100}}'},
    ],
)
def test_live_validation_reads_forms_query_strings_and_json_of_any_content_type(
    request_options: dict[str, Any], sandbox: SandboxApp, client: TestClient
) -> None:
    load(sandbox, paid(), settings=LIVE)

    reply = client.post(f"{BASE}/orders/1/refund", auth=AUTH, **request_options)

    assert (reply.status_code, reply.json()) == (200, successful_refund())


def test_a_nonce_is_checked_only_without_another_login(client: TestClient) -> None:
    nonce = {"X-WP-Nonce": "abcdef1234"}

    assert client.post(f"{BASE}/orders/1/refund", json=BODY, headers=nonce).json()["code"] == "rest_cookie_invalid_nonce"
    assert client.post(f"{BASE}/orders/1/refund", json=BODY, headers=nonce, auth=AUTH).status_code == 200
