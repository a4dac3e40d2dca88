"""Notes of orders."""

from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp
from tests.support.fluentcart_calls import call, load, message_of, order, paid
from tests.support.recorded_shop import read

NOT_FOUND = "No query results for model [FluentCart\\App\\Models\\Order] 99"


def test_a_note_replaces_the_note_of_the_order(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid(note="before"))

    reply = call(client, "POST", "/notes/attach", {"order_id": 1, "note": "<b>Call</b> back"})

    assert message_of(reply) == (200, "Order Note Updated successfully.")
    assert order(client, 1)["note"] == read(client, "/orders/1")["order"]["note"] == "Call back"


def test_a_note_for_an_unknown_order_is_not_found(sandbox: SandboxApp, client: TestClient) -> None:
    load(sandbox, paid())

    assert message_of(call(client, "POST", "/notes/attach", {"order_id": 99, "note": "x"})) == (404, NOT_FOUND)
