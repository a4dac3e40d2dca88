"""`refund_sandbox.testing` over real HTTP."""

import asyncio
import http.client
import http.server
import json
import re
import threading
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from refund_sandbox.settings import SettingsError
from refund_sandbox.testing import (
    CallRejected,
    Client,
    FluentCartOrder,
    FunnelFoxOrder,
    InProcess,
    Order,
    Sandbox,
    Unreachable,
    WorkspaceClient,
)
from tests.support.waiting import wait_until

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"


def refund(sandbox: WorkspaceClient, order: FunnelFoxOrder | FluentCartOrder, amount: Any) -> httpx2.Response:
    if isinstance(order, FunnelFoxOrder):
        body = {"external_id": order.external_id, "order_id": order.id, "amount": amount}
        return httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers)
    info = {"transaction_id": order.transaction_id, "amount": amount}
    url = f"{sandbox.fluentcart.url}/orders/{order.id}/refund"
    return httpx2.post(url, json={"refund_info": info}, auth=sandbox.fluentcart.auth)


def failure(check: Callable[[], object]) -> str:
    """Message of a failed assertion; request ids start at 1 again."""
    with pytest.raises(AssertionError) as caught:
        check()
    message = str(caught.value)
    first = min((int(number) for number in re.findall(r"#(\d+) ", message)), default=1)
    return re.sub(r"#(\d+) ", lambda found: f"#{int(found[1]) - first + 1} ", message)


def test_a_funnelfox_order_is_made_refunded_and_asserted(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.order(amount="9.99", subscription=True)

    assert refund(sandbox, order, "4.99").status_code == 200

    sandbox.assert_refunded(order, "4.99")
    assert [(one.amount, one.status) for one in order.refunds()] == [("4.99", "SETTLED")]


def test_a_fluentcart_order_is_made_refunded_and_asserted(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.order(paid=10000)

    assert refund(sandbox, order, 2500).status_code == 200

    sandbox.assert_refunded(order, 2500)
    assert order.document["total_refund"] == 0
    assert order.read()["total_refund"] == 2500


def test_orders_of_the_demo_state_are_found(sandbox: Sandbox) -> None:
    assert sandbox.funnelfox.find(ORDER_ID).external_id == "user_456"
    assert sandbox.fluentcart.find(1001).transaction_id == 129237
    with pytest.raises(CallRejected, match="Order 4711 not found in fluentcart"):
        sandbox.fluentcart.find(4711)


def send_form(sandbox: WorkspaceClient, order: Order, **values: str) -> None:
    """Refund an order by the form of its API."""
    path = f"/{order.api}/orders/{order.id}/refund-form"
    first = {field["name"]: field["value"] for field in sandbox.client.get(path)["fields"]}
    request = sandbox.client.post(path, {"values": {**first, **values}})
    sandbox.client.send(request["method"], request["path"], request["body"], request["headers"])


@pytest.mark.parametrize(
    ("api", "fields", "amount"),
    [("funnelfox", {"amount": "9.99", "refunded": "5.00"}, "4.99"), ("fluentcart", {"paid": 999, "refunded": 500}, "499")],
)
def test_any_api_has_a_client(sandbox: Sandbox, api: str, fields: dict[str, Any], amount: str) -> None:
    order = sandbox.api(api).order(**fields)
    assert [refund.amount for refund in order.refunds()] == [500]

    send_form(sandbox, order, amount=amount)

    sandbox.assert_refunded(order, 499)
    assert [refund.amount for refund in order.refunds()] == [500, 499]
    assert [request.refunded for request in sandbox.requests(order=order)] == [True]
    sandbox.assert_refunded(sandbox.api(api).find(order.id), 499, times=0)


@pytest.mark.parametrize("api", ["funnelfox", "fluentcart"])
def test_any_client_has_the_url_and_the_credentials_of_the_data(sandbox: Sandbox, api: str) -> None:
    typed = sandbox.funnelfox if api == "funnelfox" else sandbox.fluentcart

    assert (sandbox.api(api).url, sandbox.api(api).headers) == (typed.url, typed.headers)


def test_a_client_needs_credentials_in_the_data(sandbox: Sandbox) -> None:
    sandbox.load({"funnelfox": {"orgs": [{"id": "your-org-id"}]}})

    with pytest.raises(CallRejected, match="The data has no credentials for funnelfox"):
        _ = sandbox.api("funnelfox").headers


def test_an_order_of_any_api_has_faults_of_its_own(sandbox: Sandbox) -> None:
    order, other = sandbox.api("fluentcart").find(1001), sandbox.api("fluentcart").find(1002)
    sandbox.fault("server_error", order=order)

    send_form(sandbox, other, amount="100")
    send_form(sandbox, order, amount="100")

    sandbox.assert_refunded(other, 100)
    message = failure(lambda: sandbox.assert_refunded(order, 100))
    assert message.startswith(
        "fluentcart order 1001 should be refunded once (100); it was not refunded.\nRequests for this order:"
    )


def test_an_unknown_api_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(CallRejected, match=r"Unknown API 'acme'. Known: funnelfox, fluentcart\."):
        sandbox.api("acme")


def test_settings_that_are_not_named_stay(sandbox: Sandbox) -> None:
    sandbox.settings(validation="live")

    assert sandbox.settings(fluentcart={"version": "1.3.25"})["validation"] == "live"


def test_a_refund_that_an_order_was_created_with_is_not_new(sandbox: Sandbox) -> None:
    funnelfox = sandbox.funnelfox.order(amount="9.99", refunded="5.00")
    fluentcart = sandbox.fluentcart.order(paid=10000, refunded=2500)

    refund(sandbox, funnelfox, "1.00")

    sandbox.assert_refunded(funnelfox, "1.00")
    sandbox.assert_refunded(fluentcart, 2500, times=0)
    assert [one.amount for one in fluentcart.refunds()] == [2500]


def test_an_invalid_order_is_refused_with_a_json_pointer(sandbox: Sandbox) -> None:
    with pytest.raises(CallRejected, match="Unknown field 'colour'") as caught:
        sandbox.fluentcart.order(colour="red")
    assert caught.value.status == 422


def test_amounts_are_compared_as_numbers(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)
    refund(sandbox, order, "5")

    sandbox.assert_refunded(order, "5.00")
    with pytest.raises(ValueError, match=r"Invalid amount 'five'. Use a number such as 499 or '4.99'."):
        sandbox.assert_refunded(order, "five")


def test_an_amount_may_be_a_float(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)
    refund(sandbox, order, "4.99")

    sandbox.assert_refunded(order, 4.99)


def test_a_lost_reply_shows_in_the_failure(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.find(1001)
    sandbox.fault("reply_lost", order=order)
    with pytest.raises(httpx2.TransportError):
        refund(sandbox, order, 2500)
    refund(sandbox, order, 2500)

    message = failure(lambda: sandbox.assert_refunded(order, 2500))

    assert message.startswith("fluentcart order 1001 should be refunded once (2500); it was refunded twice (2500, 2500).\n")
    assert '#1 POST /wp-json/fluent-cart/v2/orders/1001/refund {"refund_info": {"transaction_id": 129237' in message
    assert "reply 200, lost (reset)" in message
    assert "fault: reply_lost" in message
    assert "new transaction 129238: a refund of 2500\n" in message
    assert "order 1001: total_refund 2500 → 5000" in message


def test_a_declined_refund_of_funnelfox_is_not_booked(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)
    sandbox.fault("gateway_declined", order=order)
    refund(sandbox, order, "4.99")

    sandbox.assert_no_refunds()
    assert ": a failed refund of 4.99" in failure(lambda: sandbox.assert_refunded(order, "4.99"))


def test_a_refused_refund_shows_in_the_failure(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)
    refund(sandbox, order, "999.00")

    message = failure(lambda: sandbox.assert_refunded(order, "999.00"))

    assert "should be refunded once (999.00); it was not refunded.\nRequests for this order:" in message
    assert "amount_exceeds_order" in message
    assert "no changes" in message


def test_a_failure_shows_refunds_of_other_orders(sandbox: Sandbox) -> None:
    refund(sandbox, sandbox.fluentcart.find(1002), 100)

    message = failure(lambda: sandbox.assert_refunded(sandbox.fluentcart.find(1001), 100))

    assert "No requests for this order. Other refund requests:\n#1 POST /wp-json/fluent-cart/v2/orders/1002/refund" in message


def test_where_no_refund_was_requested_the_last_requests_are_shown(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.find(1001)
    message = failure(lambda: sandbox.assert_refunded(order, 100))
    assert message.endswith(f"No requests. The base URL of this workspace is {sandbox.url}")

    httpx2.get(f"{sandbox.fluentcart.url}/orders", auth=sandbox.fluentcart.auth)

    assert "No refund requests. Last requests:\n#1 GET /wp-json" in failure(lambda: sandbox.assert_refunded(order, 100))


def test_a_failure_shows_the_last_of_many_requests(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.find(1001)
    for _ in range(7):
        refund(sandbox, order, 100)

    message = failure(lambda: sandbox.assert_refunded(order, 100))

    assert "refunded 7 times (100, 100" in message
    assert "should not be refunded; it was" in failure(lambda: sandbox.assert_refunded(order, 100, times=0))
    assert "… and 2 earlier ones\n#1 POST" in message


def test_no_refunds_means_that_no_request_booked_one(sandbox: Sandbox) -> None:
    refund(sandbox, sandbox.fluentcart.find(1009), 100)  # refunded already: 422
    sandbox.assert_no_refunds()

    refund(sandbox, sandbox.fluentcart.find(1001), 100)

    assert failure(sandbox.assert_no_refunds).startswith("no refund expected; 1 request booked one:\n#1 POST")


def test_requests_are_filtered_and_typed(sandbox: Sandbox) -> None:
    refund(sandbox, sandbox.fluentcart.find(1001), 100)
    refund(sandbox, sandbox.funnelfox.find(ORDER_ID), "1.00")

    (entry,) = sandbox.requests(order=sandbox.funnelfox.find(ORDER_ID))

    assert (entry.api, entry.operation, entry.status, entry.refunded) == ("funnelfox", "refundPayment", 200, True)
    assert entry.body["amount"] == "1.00"
    assert entry.reply == {}
    assert [one.order for one in sandbox.requests(operation="refundOrder", status=200)] == ["1001"]


def test_faults_are_enabled_listed_and_cleared(sandbox: Sandbox) -> None:
    (fault,) = sandbox.fault(api="fluentcart", at="gateway", error="No.", order=sandbox.fluentcart.find(1001))
    assert fault["match"] == {"order_id": 1001}

    sandbox.fault("flaky")
    assert len(sandbox.faults()) == 2
    sandbox.clear_faults()

    assert sandbox.faults() == []
    with pytest.raises(CallRejected, match="Unknown scenario 'nonsense'"):
        sandbox.fault("nonsense")


def test_a_held_request_continues_when_it_is_released(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.find(1001)
    sandbox.fault(at="before", hold="door", order=order)
    answers: list[httpx2.Response] = []
    caller = threading.Thread(target=lambda: answers.append(refund(sandbox, order, 100)))
    caller.start()
    wait_until(lambda: sandbox.faults()[0]["hits"])
    sandbox.assert_refunded(order, 100, times=0)

    sandbox.release("door")
    caller.join(5)

    assert answers[0].status_code == 200
    sandbox.assert_refunded(order, 100)


def test_time_stands_still_and_passes(sandbox: Sandbox) -> None:
    sandbox.freeze("2026-01-02T03:04:05Z")
    sandbox.advance("2h")
    assert sandbox.now().isoformat() == "2026-01-02T05:04:05+00:00"

    sandbox.freeze(sandbox.now())
    sandbox.freeze()
    assert sandbox.now().isoformat() == "2026-01-02T05:04:05+00:00"
    sandbox.unfreeze()
    assert sandbox.now().year >= 2026


def test_a_refund_settles_when_time_passes(sandbox: Sandbox) -> None:
    sandbox.settings(funnelfox={"settle_after": "2h"})
    order = sandbox.funnelfox.find(ORDER_ID)
    refund(sandbox, order, "1.00")
    assert order.refunds()[0].status == "PENDING"

    sandbox.advance("3h")

    assert order.refunds()[0].status == "SETTLED"
    assert sandbox.settings()["funnelfox"]["settle_after"] == "2h"


def test_states_are_saved_loaded_and_reset(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.find(1001)
    sandbox.snapshot("before")
    refund(sandbox, order, 100)
    sandbox.restore("before")
    sandbox.assert_refunded(order, 100, times=0)

    sandbox.load({"fluentcart": {"orders": [{"id": 7, "total_paid": 100}]}})
    assert [one["id"] for one in sandbox.state()["fluentcart"]["orders"]] == [7]
    sandbox.reset(fixture="empty")
    assert sandbox.state()["fluentcart"]["orders"] == []


def test_a_workspace_is_isolated(sandbox: Sandbox) -> None:
    mine = sandbox.workspace("mine")
    refund(mine, mine.fluentcart.find(1001), 100)

    sandbox.assert_no_refunds()
    assert mine.requests()[0].order == "1001"
    mine.delete()
    mine.assert_no_refunds()
    with pytest.raises(CallRejected, match="Invalid workspace name"):
        sandbox.workspace("no way").reset()


def test_a_running_sandbox_is_used_by_its_url_and_token() -> None:
    with Sandbox(admin_token="secret", validation="live", orders=3, seed=7) as server:
        there = Sandbox.at(server.url, token="secret").workspace("mine")

        assert there.settings()["validation"] == "live"
        assert there.webhooks.deliveries() == []
        with pytest.raises(CallRejected, match=r"Send the admin token .* REFUND_SANDBOX_TOKEN"):
            Sandbox.at(server.url).state()
        with pytest.raises(CallRejected, match="Send the admin token"):
            next(Client(server.url).events())
    with pytest.raises(Unreachable):
        next(Client(server.url).events())


def test_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REFUND_SANDBOX_VALIDATION", "live")
    with Sandbox(fixture="empty") as sandbox:
        assert sandbox.settings()["validation"] == "strict"
        assert sandbox.state()["fluentcart"]["orders"] == []


def test_a_wrong_option_is_named() -> None:
    with pytest.raises(SettingsError, match=r"Invalid value for --validation: 'loose' \(expected strict or live\)"):
        Sandbox(validation="loose")


def test_a_sandbox_that_does_not_run_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="not running"):
        _ = Sandbox().app
    sandbox = Sandbox().start()
    sandbox.stop()
    with pytest.raises(Unreachable, match=r"No sandbox answers at http://127.0.0.1"):
        sandbox.reset()


def test_the_end_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    sandbox = Sandbox().start()
    with httpx2.stream("GET", f"{sandbox.url}/_sandbox/events") as events:
        lines = events.iter_lines()
        assert next(lines).startswith(":")

        sandbox.stop()

        assert list(lines) == [""]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:port", "http://"])
def test_an_invalid_url_is_an_error(url: str) -> None:
    with pytest.raises(Unreachable, match=r"Invalid URL .*\. Use http://HOST:PORT, for example http://127\.0\.0\.1:8000"):
        Sandbox.at(url)


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404 if "state" in self.path else 200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: Any) -> None:
        pass


def test_a_server_that_is_not_a_sandbox_is_an_error() -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Elsewhere) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{other.server_port}"
        with pytest.raises(Unreachable, match=f"does not answer in JSON. Check the URL: {url}$"):
            Sandbox.at(url)
        with pytest.raises(Unreachable, match="The server is not a sandbox"):
            Client(url).get("/state")
        other.shutdown()


def test_a_connection_that_was_closed_in_between_is_opened_again(sandbox: Sandbox) -> None:
    sandbox.reset()
    connection = sandbox.client._local.connection
    connection.sock.shutdown(2)

    sandbox.reset()

    assert sandbox.client._local.connection.sock is not None


def test_a_call_that_ctrl_c_interrupts_does_not_break_the_next_one(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_connection: http.client.HTTPConnection) -> None:
        raise KeyboardInterrupt

    client = Client(sandbox.url)
    with monkeypatch.context() as patched:
        patched.setattr(http.client.HTTPConnection, "getresponse", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.get("/clock")

    assert client.get("/settings") == sandbox.settings()


def test_threads_may_share_the_object(sandbox: Sandbox) -> None:
    threads = [threading.Thread(target=lambda: [sandbox.state() for _ in range(5)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    sandbox.assert_no_refunds()


class _Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def test_a_webhook_is_waited_for_and_sent_again(sandbox: Sandbox) -> None:
    with http.server.HTTPServer(("127.0.0.1", 0), _Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        feed = {"request_url": f"http://127.0.0.1:{receiver.server_port}/", "event_trigger": ["order_fully_refunded"]}
        assert sandbox.webhooks.targets(fluentcart=[feed]) == sandbox.webhooks.targets()
        refund(sandbox, sandbox.fluentcart.find(1002), 4900)

        delivery = sandbox.webhooks.wait_for("order_fully_refunded")

        assert (delivery["api"], delivery["attempts"][0]["status"]) == ("fluentcart", 204)
        assert sandbox.webhooks.replay(delivery["id"])["id"] == delivery["id"]
        receiver.shutdown()


def test_waiting_for_a_webhook_that_never_comes_lists_the_deliveries(sandbox: Sandbox) -> None:
    message = failure(lambda: sandbox.webhooks.wait_for("refund/settled", timeout=0.05))

    assert (
        message
        == "no webhook refund/settled was delivered within 0.05 s. No deliveries: there are no endpoints. Use webhooks.targets()."
    )


def test_events_are_streamed(sandbox: Sandbox) -> None:
    events = sandbox.client.events()
    received: list[tuple[str, Any]] = []
    listener = threading.Thread(target=lambda: received.extend([next(events)]))
    listener.start()
    for _ in range(20):  # the first ones may come before anybody listens
        refund(sandbox, sandbox.fluentcart.find(1001), 100)
        listener.join(0.5)
        if received:
            break

    kind, document = received[0]
    assert (kind, document["order"]) == ("request", "1001")
    events.close()  # type: ignore[attr-defined]


def in_process(app: InProcess, body: bytes, **more: str) -> httpx2.Response:
    async def call() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app)) as client:
            headers = {**app.sandbox.funnelfox.headers, "Content-Type": "application/json", **more}
            return await client.post(f"{app.sandbox.funnelfox.url}/payment/refund", content=body, headers=headers)

    return asyncio.run(call())


BODY = json.dumps({"external_id": "user_456", "order_id": ORDER_ID, "amount": "1.00"}).encode()


@pytest.mark.parametrize("base_url", ["https://api.example.com", "http://shop.example.org:8080"])
def test_the_application_answers_in_process_under_any_base_url(base_url: str, sandbox: Sandbox) -> None:
    app = InProcess(sandbox)

    async def call() -> httpx2.Response:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=base_url) as client:
            headers = {**sandbox.funnelfox.headers, "Content-Type": "application/json", "Origin": "https://front.example.com"}
            return await client.post("/your-org-id/v1/payment/refund", content=BODY, headers=headers)

    assert asyncio.run(call()).json() == {}


def test_a_refund_in_process_is_in_the_same_ledger(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)

    assert in_process(InProcess(sandbox), BODY).json() == {}

    sandbox.assert_refunded(order, "1.00")


@pytest.mark.parametrize(
    ("scenario", "raised"),
    [
        ("reply_lost", httpx2.ReadError),
        ("reply_lost", ConnectionResetError),
        ("reply_truncated", httpx2.ReadError),
        ("no_reply", httpx2.ReadTimeout),
        ("no_reply", TimeoutError),
    ],
)
def test_a_lost_reply_in_process_is_a_transport_error(sandbox: Sandbox, scenario: str, raised: type[Exception]) -> None:
    order = sandbox.funnelfox.find(ORDER_ID)

    with pytest.raises(raised):
        in_process(InProcess(sandbox), BODY, **{"X-Sandbox-Scenario": scenario})

    sandbox.assert_refunded(order, "1.00")
