"""HTTP Archives of browsers and of the sandbox's own request log, replayed as recordings."""

import http.client
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from refund_sandbox.recordings.recording_report import read_recording, recorded_state
from refund_sandbox.testing import Sandbox
from tests.recordings.test_flows import BUYER, KEY, ORDER, ORG, SHOP, headers_of, replayed
from tests.support.recording_proxy import APIS

pytestmark = pytest.mark.memory_only

Entry = dict[str, Any]


class Browser:
    """Client that writes an archive as a browser does: without credentials, with the requests of the page around it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.entries: list[Entry] = [
            entry(("GET", f"{url}/page.js", {}, None), (200, {"Content-Type": "text/javascript"}, "let a;")),
        ]

    def send(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"))
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, dict(headers))
        reply = connection.getresponse()
        content = reply.read().decode()
        connection.close()
        sent = {name: value for name, value in headers.items() if name.lower() not in ("authorization", "ff-secret-key")}
        found = {**dict(reply.getheaders()), "Content-Encoding": "br"}
        self.entries.append(entry((method, self.url + path, sent, text), (reply.status, found, content)))
        return json.loads(content)

    def save(self, path: Path) -> Path:
        path.write_text(json.dumps({"log": {"version": "1.2", "entries": self.entries}}))
        return path


def entry(request: tuple[str, str, Mapping[str, str], str | None], reply: tuple[int, Mapping[str, str], str]) -> Entry:
    method, url, headers, text = request
    post = {} if text is None else {"postData": {"mimeType": "application/json", "text": text}}
    return {
        "startedDateTime": "2026-11-29T10:00:00.000Z",
        "request": {"method": method, "url": url, "headers": pairs(headers), **post},
        "response": {"status": reply[0], "headers": pairs(reply[1]), "content": {"text": reply[2]}},
    }


def pairs(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def browse(path: Path) -> Path:
    """Read an order, refund it, read it again, and refund a payment of the other API."""
    with Sandbox(validation="live", fluentcart_version="1.6.5") as live:
        browser, headers = Browser(live.url), headers_of(live.client)
        order = browser.send("GET", f"{SHOP}/orders/1001", headers)["order"]
        refund = {"refund_info": {"transaction_id": order["transactions"][0]["id"], "amount": 2500}}
        browser.send("POST", f"{SHOP}/orders/1001/refund", headers, refund)
        browser.send("GET", f"{SHOP}/orders/1001", headers)
        browser.send("POST", f"{ORG}/payments_history", KEY, {"external_id": BUYER["external_id"]})
        browser.send("POST", f"{ORG}/payment/refund", KEY, {**BUYER, "amount": "0.20"})
        browser.send("POST", f"{ORG}/payments_history", KEY, {"external_id": BUYER["external_id"]})
        return browser.save(path)


def test_an_archive_of_a_browser_replays_alike_with_the_states_that_it_shows(tmp_path: Path) -> None:
    path = browse(tmp_path / "shop.har")

    cases = read_recording(path, APIS)
    rows = replayed(path, {"fluentcart": {"version": "1.6.5"}})

    assert [case["name"] for case in cases][:2] == ["GET /orders/1001: 200", "POST /orders/1001/refund: 200"]
    assert cases[1]["given"]["total_refund"] == 0
    assert cases[1]["expect"]["order"]["total_refund"] == 2500
    assert cases[4]["expect"]["order"]["order_id"] == ORDER
    outcomes = {row.name.partition(" ")[2]: (row.outcome, row.differences) for row in rows}
    reads = outcomes.pop("POST /payments_history: 200")
    assert reads[0] == "not tried"
    assert {name: found for name, found in outcomes.items() if found[0] != "alike"} == {}
    assert "Jane" not in json.dumps(cases)


def test_the_request_log_of_a_sandbox_is_a_recording_too(tmp_path: Path) -> None:
    path = tmp_path / "log.har"
    with Sandbox(validation="live", fluentcart_version="1.6.5") as live:
        live.client.send("GET", f"{SHOP}/orders/1001", None, headers_of(live.client))
        live.client.send("GET", f"{SHOP}/orders/4711", None, headers_of(live.client))
        path.write_text(json.dumps(live.client.get("/requests.har")))

    rows = replayed(path, {"fluentcart": {"version": "1.6.5"}})

    assert sorted(row.outcome for row in rows) == ["alike", "alike"]


def test_the_orders_of_an_archive_become_a_state(tmp_path: Path) -> None:
    state = recorded_state(browse(tmp_path / "shop.har"), APIS)

    assert [order["id"] for order in state["fluentcart"]["orders"]] == [1001]
    assert [order["order_id"] for order in state["funnelfox"]["orders"]] == [ORDER]
