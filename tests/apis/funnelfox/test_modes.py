"""Effects of the settings: envelope, strict and live validation, keys, and the quick start."""

import json
import re
import shlex
from itertools import pairwise
from typing import Any

import pytest
from starlette.testclient import TestClient

from refund_sandbox.apis.funnelfox.settings import ENVELOPES
from refund_sandbox.app import SandboxApp
from tests.support.funnelfox_calls import call_public
from tests.support.funnelfox_state import (
    KEY,
    ORDER,
    ORG,
    URL,
    USER,
    Document,
    errors,
    load_state,
    order,
    post_bytes,
    refund,
    refund_rows,
    refunded_amounts,
)

LIVE = {"validation": "live"}
WARNING = "x-sandbox-warning"
UPPER = ORDER.upper()
OTHER_SPELLINGS = [ORDER.replace("-", ""), UPPER.replace("-", ""), f"urn:uuid:{ORDER}", f"{{{ORDER}}}", f"{{{UPPER}}}"]


ASSETS: Document = {"subscriptions": [], "oneoffs": []}
WRAPPED_ASSETS = {"status": "success", "data": ASSETS}
WRAPPED_NOTHING = {"status": "success", "data": {}}


def answers(client: TestClient, **fields: Any) -> tuple[Document, Document]:
    """Return the replies to a refund, which has no data, and to a list of assets, each without its req_id."""
    replies = refund(client, **fields).json(), call_public(client, "/my_assets", external_id=USER).json()
    for reply in replies:
        assert re.fullmatch("[0-9A-Za-z]{8}", reply.pop("req_id", "01234567"))
    return replies


@pytest.mark.parametrize(
    ("settings", "empty", "full"),
    [
        ({}, {}, WRAPPED_ASSETS),
        ({"envelope": "data"}, {}, WRAPPED_ASSETS),
        ({"envelope": "always"}, WRAPPED_NOTHING, WRAPPED_ASSETS),
        ({"envelope": "never"}, {}, ASSETS),
        ({"envelope": True}, WRAPPED_NOTHING, WRAPPED_ASSETS),
        ({"envelope": False}, {}, ASSETS),
    ],
)
def test_the_setting_says_which_replies_are_wrapped(
    settings: Document, empty: Document, full: Document, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(), settings={"funnelfox": settings})

    assert answers(client) == (empty, full)


def test_every_wrapped_reply_has_an_id_of_its_own(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    first, second = (call_public(client, "/my_assets", external_id=USER).json() for _ in range(2))

    assert first.keys() == {"status", "data", "req_id"}
    assert first["req_id"] != second["req_id"]


@pytest.mark.parametrize(("former", "written"), [(True, "always"), (False, "never"), ("data", "data")])
def test_a_former_value_of_the_envelope_is_shown_by_its_new_name(
    former: Any, written: str, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, settings={"funnelfox": {"envelope": former}})
    loaded = client.get("/_sandbox/state").json()["settings"]["funnelfox"]

    changed = client.put("/_sandbox/settings", json={"funnelfox": {"envelope": former}})

    assert (loaded["envelope"], changed.json()["funnelfox"]["envelope"]) == (written, written)


@pytest.mark.parametrize("wrong", ["maybe", 1, None, "true", []])
def test_other_values_of_the_envelope_are_refused(wrong: Any, client: TestClient) -> None:
    response = client.put("/_sandbox/settings", json={"funnelfox": {"envelope": wrong}})

    assert response.status_code == 422
    assert [problem["pointer"] for problem in response.json()["errors"]] == ["/funnelfox/envelope"]


def test_a_success_without_data_is_an_empty_object(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    response = refund(client)

    assert (response.content, response.headers["content-type"]) == (b"{}", "application/json")


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_an_error_has_its_own_envelope_either_way(envelope: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings={"funnelfox": {"envelope": envelope, "error_status": 200}})

    response = refund(client, amount=0)

    assert response.status_code == 200
    assert response.json().keys() == {"status", "req_id", "error"}
    assert errors(response) == [("invalid_amount", ["amount"])]


@pytest.mark.parametrize("order_id", OTHER_SPELLINGS)
def test_strict_validation_refuses_a_uuid_that_the_spec_forbids(order_id: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    response = refund(client, order_id=order_id)

    assert response.status_code == 400
    assert errors(response) == [("uuid_parsing", ["order_id"])]
    assert WARNING not in response.headers
    assert refunded_amounts(client) == []


@pytest.mark.parametrize("order_id", OTHER_SPELLINGS)
def test_live_validation_accepts_a_uuid_in_any_spelling_and_warns(order_id: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=LIVE)

    response = refund(client, order_id=order_id)

    assert (response.status_code, response.json()) == (200, {})
    assert response.headers[WARNING] == "/order_id must be a valid uuid"
    assert refunded_amounts(client) == ["9.99"]


@pytest.mark.parametrize("order_id", [UPPER, UPPER[:8] + ORDER[8:]])
@pytest.mark.parametrize("mode", ["strict", "live"])
def test_capital_letters_in_a_uuid_are_within_the_spec(order_id: str, mode: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings={"validation": mode})

    response = refund(client, order_id=order_id)

    assert response.status_code == 200
    assert WARNING not in response.headers
    assert refunded_amounts(client) == ["9.99"]


@pytest.mark.parametrize(
    "order_id",
    [
        f"{{{OTHER_SPELLINGS[0]}}}",
        f"{OTHER_SPELLINGS[0]}0",
        f"URN:UUID:{ORDER}",
        f" {ORDER}",
        ORDER.replace("-", "", 1),
    ],
)
def test_live_validation_refuses_uuids_that_pydantic_refuses(order_id: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=LIVE)

    response = refund(client, order_id=order_id)

    assert errors(response) == [("uuid_parsing", ["order_id"])]


@pytest.mark.parametrize(
    ("flag", "soft"),
    [
        *[(text, True) for text in ("true", "t", "yes", "y", "on", "1", "YES", "On", 1, 1.0)],
        *[(text, False) for text in ("false", "f", "no", "n", "off", "0", "OFF", "No", 0, 0.0)],
    ],
)
def test_live_validation_accepts_a_flag_in_any_spelling_and_warns(
    flag: Any, soft: bool, sandbox: SandboxApp, client: TestClient
) -> None:
    load_state(sandbox, order(), settings=LIVE)

    response = refund(client, soft_refund=flag)

    assert response.status_code == 200
    assert response.headers[WARNING] == "/soft_refund must be of type boolean"
    assert [row["soft_refund"] for row in refund_rows(client)] == [soft]


@pytest.mark.parametrize("flag", ["yes", "off", "true", 1, 0])
def test_strict_validation_accepts_true_and_false_only(flag: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())

    response = refund(client, soft_refund=flag)

    assert response.status_code == 400
    assert errors(response) == [("bool_parsing", ["soft_refund"])]
    assert refunded_amounts(client) == []


def test_digits_grouped_by_underscores_are_an_amount_with_live_validation_only(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(amount="2000"))
    strict = refund(client, amount="1_000")
    load_state(sandbox, order(amount="2000"), settings=LIVE)

    live = refund(client, amount="1_000")

    assert errors(strict) == [("decimal_parsing", ["amount"])]
    assert (live.status_code, WARNING in live.headers, refunded_amounts(client)) == (200, True, ["1000.00"])


def test_live_validation_lists_every_violation_in_the_reply_and_the_journal(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=LIVE)

    response = refund(client, order_id=OTHER_SPELLINGS[0], soft_refund="yes")

    noted = ["/order_id must be a valid uuid", "/soft_refund must be of type boolean"]
    assert response.headers[WARNING].split("; ") == noted
    (entry,) = client.get("/_sandbox/requests?limit=1").json()["requests"]
    assert (entry["operation"], entry["order"], entry["status"], entry["warnings"]) == ("refundPayment", ORDER, 200, noted)


def test_live_validation_refuses_values_that_cannot_be_coerced(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(), settings=LIVE)

    wrong = refund(client, order_id=..., soft_refund="yes", reason=5)
    no_object = post_bytes(client, b"[]")

    assert sorted(errors(wrong)) == [("missing", ["order_id"]), ("string_type", ["reason"])]
    assert errors(no_object) == [("model_type", [])]
    assert refunded_amounts(client) == []


def test_every_enabled_admin_key_of_an_organisation_works(sandbox: SandboxApp, client: TestClient) -> None:
    keys = [{"key": "first"}, {"key": "second", "group": "admin", "enabled": True}, {"key": "third", "enabled": False}]
    load_state(sandbox, order(), orgs=[{"id": ORG, "keys": keys}])
    body = {"external_id": USER, "order_id": ORDER, "amount": "1"}

    statuses = [
        client.post(URL, json=body, headers={"ff-secret-key": key}).status_code for key in ("first", "second", "third", "")
    ]

    assert statuses == [200, 200, 401, 401]


def test_the_name_of_an_organisation_may_need_escaping(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order(org_id="ac me ж"), orgs=[{"id": "ac me ж", "keys": [{"key": KEY}]}])
    body = {"external_id": USER, "order_id": ORDER}

    response = client.post("/ac%20me%20%D0%B6/v1/payment/refund", json=body, headers={"ff-secret-key": KEY})

    assert response.status_code == 200


def test_no_content_type_is_required(sandbox: SandboxApp, client: TestClient) -> None:
    load_state(sandbox, order())
    body = json.dumps({"external_id": USER, "order_id": ORDER}).encode()

    response = client.post(URL, content=body, headers={"ff-secret-key": KEY})

    assert response.status_code == 200


def test_the_quickstart_is_a_working_refund(sandbox: SandboxApp, client: TestClient) -> None:
    keys: list[Document] = [{"key": "old", "enabled": False}, {"key": "viewer", "group": "viewer"}, {"key": KEY}]
    orders = [
        order(order_id="10000000-0000-4000-8000-000000000001", org_id="rival"),
        order(order_id="10000000-0000-4000-8000-000000000002", amount="0.50"),
        order(order_id="10000000-0000-4000-8000-000000000003", status="authorized"),
        order(external_id="o'neill"),
    ]
    load_state(sandbox, *orders, orgs=[{"id": ORG, "keys": keys}, {"id": "rival"}])

    *_, curl = sandbox.workspace.quickstarts("http://testserver")[0].splitlines()

    words = shlex.split(curl)
    headers = dict(word.split(": ", 1) for before, word in pairwise(words) if before == "-H")
    response = client.post(words[-1], content=words[words.index("-d") + 1].encode(), headers=headers)
    assert (response.status_code, refunded_amounts(client)) == (200, ["1.00"])


def test_the_quickstart_of_an_empty_state_shows_the_form_of_the_url(sandbox: SandboxApp) -> None:
    load_state(sandbox, orgs=[])

    quickstart_text = sandbox.workspace.quickstarts("http://testserver")[0]

    assert "http://testserver/{org_id}/v1" in quickstart_text
    assert "curl" not in quickstart_text
