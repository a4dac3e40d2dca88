"""Price points and features: list, create, update, CSV export and import."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call, call_public, data, error_codes, set_clock
from tests.support.funnelfox_checkout import RUNNING
from tests.support.funnelfox_state import ORG, Document, load_state, state

USD = {"code": "USD", "minor_units": 2, "title": "US Dollar", "symbol": "$"}
MONTHLY: Document = {
    "ident": "monthly",
    "intro_type": "no_intro",
    "currency_code": "USD",
    "next_price": "9.99",
    "next_period": 1,
    "next_period_duration": "months",
}
SHOWN: Document = {
    "ident": "monthly",
    "intro_type": "no_intro",
    "currency": USD,
    "features": [],
    "lifetime_price": None,
    "intro_free_trial_period": None,
    "intro_free_trial_period_duration": None,
    "intro_paid_trial_price": None,
    "intro_paid_trial_period": None,
    "intro_paid_trial_period_duration": None,
    "next_price": "9.99",
    "next_period": 1,
    "next_period_duration": "months",
}


@pytest.fixture(autouse=True)
def empty_shop(sandbox: SandboxApp) -> None:
    load_state(sandbox, clock="2026-01-02T12:00:00Z")


def listed(client: TestClient, **filters: Any) -> list[Document]:
    found: list[Document] = data(call_public(client, "/price_points", **filters))["price_points"]
    return found


def test_a_price_point_that_was_created_is_listed(client: TestClient) -> None:
    response = call(client, "/pp/create", **MONTHLY)

    assert (response.status_code, response.json()) == (200, {})
    assert listed(client) == [SHOWN]


@pytest.mark.parametrize("features", [["premium", "guide"], "premium, guide", "premium,,guide,"])
def test_features_are_a_list_or_separated_by_commas(features: Any, client: TestClient) -> None:
    for ident in ("premium", "guide"):
        call(client, "/feature/create", ident=ident, feature_type="lifetime")

    call(client, "/pp/create", **MONTHLY, features=features)

    assert listed(client)[0]["features"] == [{"ident": "premium"}, {"ident": "guide"}]


@pytest.mark.parametrize(("price", "shown"), [(9.9, "9.9"), (10, "10"), ("0", "0"), ("1.00", "1"), ("1e1", "10"), (None, None)])
def test_a_price_is_a_number_or_text_and_shown_without_padding(price: Any, shown: str | None, client: TestClient) -> None:
    call(client, "/pp/create", **MONTHLY, lifetime_price=price)

    assert listed(client)[0]["lifetime_price"] == shown


def test_a_currency_has_its_decimals(client: TestClient) -> None:
    call(client, "/pp/create", ident="yen", intro_type="no_intro", currency_code="JPY", lifetime_price="500")

    (point,) = listed(client)

    assert (point["lifetime_price"], point["currency"]["minor_units"]) == ("500", 0)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ident": ...}, ["missing"]),
        ({"ident": "with blank"}, ["string_pattern_mismatch"]),
        ({"ident": ""}, ["string_pattern_mismatch"]),
        ({"ident": "x" * 257}, ["string_too_long", "string_pattern_mismatch"]),
        ({"intro_type": "long"}, ["enum"]),
        ({"currency_code": None}, ["string_type"]),
        ({"next_price": "much"}, ["decimal_parsing"]),
        ({"next_price": True}, ["decimal_type"]),
        ({"next_price": int("9" * 400)}, ["finite_number"]),
        ({"next_price": "9.999"}, ["invalid_amount"]),
        ({"next_price": "-1"}, ["invalid_amount"]),
        ({"next_price": "1e999999999"}, ["invalid_amount"]),
        ({"next_price": None}, ["invalid_value"]),
        ({"next_period": None, "next_period_duration": None}, ["invalid_value", "invalid_value"]),
        ({"next_period": 0}, ["greater_than"]),
        ({"next_period": 1.5}, ["int_from_float"]),
        ({"next_period_duration": "hours"}, ["enum"]),
        ({"intro_type": "free_trial"}, ["invalid_value", "invalid_value"]),
        ({"intro_type": "paid_trial"}, ["invalid_value"] * 3),
        ({"descriptor": "x" * 23}, ["string_too_long", "string_pattern_mismatch"]),
        ({"features": ["unknown"]}, ["feature_not_found"]),
        ({"features": 5}, ["list_type"]),
        ({"features": [5]}, ["list_type"]),
    ],
)
def test_an_inconsistent_price_point_is_refused(fields: Document, expected: list[str], client: TestClient) -> None:
    response = call(client, "/pp/create", **{**MONTHLY, **fields})

    assert (response.status_code, error_codes(response)) == (400, expected)
    assert listed(client) == []


@pytest.mark.parametrize("body", [b"", b"{}", b" \n", b'{"ident": null, "currency_code": null, "feature_ident": null}'])
def test_price_points_are_listed_without_a_key_a_body_or_a_content_type(body: bytes, client: TestClient) -> None:
    call(client, "/pp/create", **MONTHLY)

    response = client.post(f"/{ORG}/v1/price_points", content=body)

    assert (response.status_code, len(data(response)["price_points"])) == (200, 1)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({}, ["monthly", "euro"]),
        ({"ident": "euro"}, ["euro"]),
        ({"currency_code": "USD"}, ["monthly"]),
        ({"feature_ident": "premium"}, ["euro"]),
        ({"ident": "monthly", "currency_code": "EUR"}, []),
    ],
)
def test_price_points_are_filtered(filters: Document, found: list[str], client: TestClient) -> None:
    call(client, "/feature/create", ident="premium", feature_type="timebased")
    call(client, "/pp/create", **MONTHLY)
    call(client, "/pp/create", **{**MONTHLY, "ident": "euro", "currency_code": "EUR", "features": ["premium"]})

    assert [point["ident"] for point in listed(client, **filters)] == found


def test_an_update_makes_a_new_version_and_leaves_the_rest(client: TestClient) -> None:
    call(client, "/pp/create", **MONTHLY)

    response = call(client, "/pp/update", ident="monthly", next_price="12.50")

    assert response.json() == {}
    assert listed(client) == [{**SHOWN, "next_price": "12.5"}]
    (saved,) = state(client)["price_points"]
    assert (saved["pp_version"], [(old["pp_version"], old["next_price"]) for old in saved["earlier"]]) == (2, [(1, "9.99")])


def test_an_earlier_subscription_renews_at_the_old_price(sandbox: SandboxApp, client: TestClient) -> None:
    versions = [{**RUNNING, "pp_version": 1}, {**RUNNING, "subs_id": "10000000-0000-4000-8000-000000000001"}]
    load_state(sandbox, clock="2026-01-02T12:00:00Z", subscriptions=versions)
    call(client, "/pp/create", **MONTHLY)
    call(client, "/pp/update", ident="monthly", next_price="12.50")

    set_clock(sandbox, "2026-01-31T22:00:00")

    assert [(entry["amount"], entry["pp_version"]) for entry in state(client)["orders"]] == [("9.99", 1), ("12.50", 2)]


@pytest.mark.parametrize(
    ("path", "fields", "code"),
    [
        ("/pp/create", MONTHLY, "price_point_exists"),
        ("/pp/update", {"ident": "unknown"}, "price_point_not_found"),
        ("/pp/update", {"ident": "monthly", "next_price": None}, "invalid_value"),
        ("/feature/create", {"ident": "premium", "feature_type": "timebased"}, "feature_exists"),
        ("/feature/create", {"ident": "new", "feature_type": "eternal"}, "enum"),
        ("/feature/create", {"ident": "new"}, "missing"),
    ],
)
def test_duplicate_and_unknown_idents_are_refused(path: str, fields: Document, code: str, client: TestClient) -> None:
    call(client, "/pp/create", **MONTHLY)
    call(client, "/feature/create", ident="premium", feature_type="lifetime")
    before = state(client)

    response = call(client, path, **fields)

    assert (response.status_code, error_codes(response)) == (400, [code])
    assert state(client) == before


def test_features_are_listed_in_public(client: TestClient) -> None:
    call(client, "/feature/create", ident="gems", feature_type="consumable")

    response = client.post(f"/{ORG}/v1/features")

    assert data(response) == {"features": [{"ident": "gems", "feature_type": "consumable"}]}


def test_features_of_loaded_price_points_are_created(sandbox: SandboxApp, client: TestClient) -> None:
    points = [
        {"ident": "a", "features": [{"ident": "premium"}], "next_price": "1"},
        {"ident": "b", "features": [{"ident": "guide"}, {"ident": "premium"}], "lifetime_price": "1"},
    ]
    load_state(sandbox, price_points=points)

    features = data(call_public(client, "/features"))["features"]

    assert features == [{"ident": "premium", "feature_type": "timebased"}, {"ident": "guide", "feature_type": "lifetime"}]


HEADER = (
    "ident,intro_type,currency_code,features,lifetime_price,intro_free_trial_period,intro_free_trial_period_duration,"
    "intro_paid_trial_price,intro_paid_trial_period,intro_paid_trial_period_duration,next_price,next_period,"
    "next_period_duration,descriptor"
)


def test_an_export_can_be_imported(client: TestClient) -> None:
    for ident in ("premium", "guide"):
        call(client, "/feature/create", ident=ident, feature_type="lifetime")
    call(client, "/pp/create", **MONTHLY, features=["premium", "guide"], descriptor="ACME. Monthly")
    call(client, "/pp/create", ident="yen", intro_type="no_intro", currency_code="JPY", lifetime_price=500)
    before = listed(client)

    text = data(client.post(f"/{ORG}/v1/pp/export_csv", headers={"ff-secret-key": "acme-admin-key"}))["csv"]
    document = client.get("/_sandbox/state").json()
    document["funnelfox"]["price_points"] = []
    client.put("/_sandbox/state", json=document)
    imported = call(client, "/pp/import_csv", csv=text)

    assert text.splitlines()[0] == HEADER
    assert text.splitlines()[1] == 'monthly,no_intro,USD,"premium,guide",,,,,,,9.99,1,months,ACME. Monthly'
    assert data(imported) == {"created": 2}
    assert listed(client) == before


ROW = "monthly,no_intro,USD,9.99,1,months"
COLUMNS = "ident,intro_type,currency_code,next_price,next_period,next_period_duration"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{COLUMNS}\n{ROW}\n{ROW}", [("price_point_exists", ["csv", 3, "ident"])]),
        (f"{COLUMNS}\n{ROW}\nx,no_intro,USD,9.99,many,months", [("int_parsing", ["csv", 3, "next_period"])]),
        (
            f"{COLUMNS}\n,no_intro,USD,9.99,1,months\nx,none,USD,9.99,1,months",
            [("missing", ["csv", 2, "ident"]), ("enum", ["csv", 3, "intro_type"])],
        ),
        (f"{COLUMNS}\n{ROW},more", [("invalid_csv", ["csv"])]),
        (f'{COLUMNS}\n"{"x" * 200_000}"', [("invalid_csv", ["csv"])]),
        (f"{COLUMNS}\nx,no_intro,USD,,,", [("invalid_value", ["csv", 2, "next_price"])]),
    ],
)
def test_a_csv_with_a_mistake_creates_nothing(text: str, expected: list[Any], client: TestClient) -> None:
    response = call(client, "/pp/import_csv", csv=text)

    assert response.status_code == 400
    assert [(item["code"], item["loc"]) for item in response.json()["error"]] == expected
    assert listed(client) == []


def test_at_most_100_mistakes_of_a_csv_are_listed(client: TestClient) -> None:
    response = call(client, "/pp/import_csv", csv="\n".join([COLUMNS, *["x,none,USD,9.99,1,months"] * 200]))

    assert (response.status_code, len(response.json()["error"])) == (400, 100)


@pytest.mark.parametrize("text", ["", COLUMNS, f"{COLUMNS}\r\n"])
def test_a_csv_without_lines_creates_nothing(text: str, client: TestClient) -> None:
    assert data(call(client, "/pp/import_csv", csv=text)) == {"created": 0}


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"next_price": "much"}, "/next_price"),
        ({"next_price": "9.999", "currency": USD}, "/next_price"),
        ({"next_period": 0}, "/next_period"),
        ({"next_period_duration": "hours"}, "/next_period_duration"),
        ({"features": ["premium"]}, "/features/0"),
        ({"features": [{}]}, "/features/0/ident"),
        ({"currency": {"code": "USD", "title": 5}}, "/currency/title"),
        ({"earlier": [5]}, "/earlier/0"),
        ({"earlier": [{"pp_version": 1, "next_price": 5}]}, "/earlier/0/next_price"),
        ({"earlier": [{"pp_version": 1}, {"next_price": "9.999", "currency": USD}]}, "/earlier/1/next_price"),
        ({"earlier": [{"next_period_duration": "hours"}]}, "/earlier/0/next_period_duration"),
    ],
)
def test_a_state_with_an_invalid_price_point_is_refused(fields: Document, pointer: str, client: TestClient) -> None:
    response = client.put("/_sandbox/state", json={"funnelfox": {"price_points": [{"ident": "a", **fields}]}})

    assert response.status_code == 422
    assert [problem["pointer"] for problem in response.json()["errors"]] == [f"/funnelfox/price_points/0{pointer}"]
