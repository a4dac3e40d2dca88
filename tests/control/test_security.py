"""Security: secrets, admin token, web pages of other origins, paths, headers and documents of an attacker."""

import hmac
import json
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.cli.main import main
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.settings import Settings
from tests.cli.test_serve import run
from tests.support import raw_http
from tests.support.command_line import runner
from tests.support.server_process import serving
from tests.support.waiting import wait_until
from tests.support.webhook_receiver import Receiver, listening

pytestmark = pytest.mark.memory_only
JSON = {"content-type": "application/json"}
CONTROL = loader.load("sandbox").operations
TOKEN = "geheim-ü"

# Secrets are compared in constant time.


@pytest.mark.parametrize(
    ("api", "sent", "known"),
    [
        ("funnelfox", {"ff-secret-key": "guess"}, "sandbox-secret-key"),
        ("fluentcart", {"authorization": "Basic " + b64encode(b"admin:guess").decode()}, "demoDEMO1234demoDEMO5678"),
        ("control", {"authorization": "Bearer guess"}, TOKEN),
    ],
)
def test_a_guess_takes_as_long_as_any_other(
    api: str, sent: dict[str, str], known: str, locked: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[set[bytes]] = []
    compare = hmac.compare_digest

    def watch(one: bytes, other: bytes) -> bool:
        compared.append({one, other})
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", watch)
    reply = locked.post(raw_http.PATHS.get(api, "/_sandbox/reset"), content=b"{}", headers={**JSON, **sent})

    assert reply.status_code == 401
    assert {b"guess", known.encode()} in compared


# With an admin token, the control API is closed to everyone else.


def path_of(operation: SpecOperation) -> str:
    names = {"api": "fluentcart", "id": "1001", "name": "one"}
    path = operation.path
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", value)
    return f"/_sandbox{path}"


@pytest.fixture(scope="module")
def locked() -> Iterator[TestClient]:
    """A sandbox with an admin token."""
    sandbox = build(Settings(admin_token=TOKEN))
    yield TestClient(sandbox.app)
    sandbox.close()


def bearer(token: str, scheme: str = "Bearer") -> dict[bytes, bytes]:
    return {b"authorization": f"{scheme} {token}".encode()}


STRANGERS: dict[str, dict[bytes, bytes]] = {
    "nobody": {},
    "an empty token": bearer(""),
    "no token": {b"authorization": b"Bearer"},
    "half a token": bearer(TOKEN[:-1]),
    "a longer token": bearer(TOKEN + "x"),
    "another case": bearer(TOKEN.upper()),
    "another scheme": bearer(b64encode(f"admin:{TOKEN}".encode()).decode(), "Basic"),
    "no scheme": {b"authorization": TOKEN.encode()},
    "not UTF-8": {b"authorization": b"Bearer \xff\xfe"},
}


@pytest.mark.sampled(3)
@pytest.mark.parametrize("operation", CONTROL, ids=lambda one: one.operation_id)
@pytest.mark.parametrize("headers", STRANGERS.values(), ids=STRANGERS)
def test_the_admin_token_is_required(operation: SpecOperation, headers: dict[bytes, bytes], locked: TestClient) -> None:
    headers = {b"content-type": b"application/json", **headers}
    for place in ("", "/w/other"):
        reply = locked.request(operation.method, place + path_of(operation), headers=headers, content=b"{}")

        assert reply.status_code == (200 if operation.operation_id == "getHealth" else 401)
        assert operation.operation_id == "getHealth" or "Authorization" in reply.json()["detail"]


def test_only_health_needs_no_token() -> None:
    assert [operation.operation_id for operation in CONTROL if not operation.secured] == ["getHealth"]


def test_the_admin_token_is_accepted(locked: TestClient) -> None:
    for scheme in ("Bearer", "bearer"):
        reply = locked.get("/_sandbox/state", headers=bearer(TOKEN, scheme))
        assert reply.status_code == 200


def test_a_request_without_token_creates_no_workspace(locked: TestClient) -> None:
    locked.get("/w/strange/_sandbox/state")

    listed = locked.get("/_sandbox/workspaces", headers=bearer(TOKEN)).json()
    assert "strange" not in listed["workspaces"]


def test_an_empty_admin_token_is_refused() -> None:
    done = run("serve", "--port", "0", REFUND_SANDBOX_ADMIN_TOKEN="")

    assert done.exit_code == 2
    assert "Invalid value for REFUND_SANDBOX_ADMIN_TOKEN: '' (expected a text that is not empty)." in done.stderr


# The control API is closed to pages of other origins.

FOREIGN: dict[str, dict[str, str]] = {
    "another host": {"origin": "http://evil.example"},
    "another port": {"origin": "http://testserver:3000"},
    "a host that begins alike": {"origin": "http://testserver.evil.example"},
    "no origin to speak of": {"origin": "null"},
    "an empty origin": {"origin": ""},
    "a broken origin": {"origin": "http://[::1"},
    "another site": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
    "another page of this machine": {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
}


@pytest.mark.parametrize("operation", CONTROL, ids=lambda one: one.operation_id)
@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_page_of_another_origin_neither_reads_nor_writes(
    operation: SpecOperation, headers: dict[str, str], client: TestClient
) -> None:
    reply = client.request(operation.method, path_of(operation), headers={**JSON, **headers}, content=b"{}")

    assert reply.status_code == 403
    assert not any(name.startswith("access-control") for name in reply.headers)


@pytest.mark.parametrize("operation", [one for one in CONTROL if one.method != "GET"], ids=lambda one: one.operation_id)
def test_a_form_of_another_origin_writes_nothing(operation: SpecOperation, client: TestClient) -> None:
    """An old browser sends no origin, but it can't send JSON."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        before = client.get("/_sandbox/state").content
        if operation.method == "DELETE":
            continue  # no form sends one
        reply = client.request(operation.method, path_of(operation), headers={"content-type": kind}, content=b"{}")

        assert reply.status_code == 415
        assert client.get("/_sandbox/state").content == before


def test_own_pages_and_links_to_them_are_allowed(client: TestClient) -> None:
    own = {"origin": "http://testserver", "sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}

    assert client.get("/_sandbox/state", headers=own).status_code == 200
    assert client.post("/_sandbox/reset", headers={**JSON, **own}, content=b"{}").status_code == 200
    assert client.get("/_sandbox/requests", headers=link).status_code == 200
    assert client.post("/_sandbox/reset", headers={**JSON, **link}, content=b"{}").status_code == 403


# Secrets are shown nowhere.

SECRET = "hush-4711"
PAIR = f"admin:{SECRET}"
SECRET_HEADERS = {
    "authorization": "Basic " + b64encode(PAIR.encode()).decode(),
    **dict.fromkeys(
        ("ff-secret-key", "x-wp-nonce", "cookie", "proxy-authorization", "x-api-key", "x-auth-token", "apikey"), SECRET
    ),
}
NAMES = (
    "_wpnonce",
    "ff-secret-key",
    "ff_secret_key",
    "application_password",
    "api_key",
    "access_token",
    "token",
    "Authorization",
)
QUERY = (
    "&".join(f"{name}={SECRET}" for name in NAMES) + f"&refund_info[password]={SECRET}&refund_info%5Bsecret%5D={SECRET}&page=2"
)
BODIES: dict[str, tuple[str, str]] = {
    "JSON": ("application/json", json.dumps({**raw_http.REFUNDS["fluentcart"], **dict.fromkeys(NAMES, SECRET)})),
    "JSON within": ("application/json", json.dumps({"refund_info": {"a": [{"my_password": f'{SECRET}"{SECRET}'}]}})),
    "JSON with blanks": ("application/json", json.dumps(dict.fromkeys(NAMES, SECRET), indent=4)),
    "half of JSON": ("application/json", '{"amount": 1, "secret_key": "' + SECRET),
    "a form": ("application/x-www-form-urlencoded", QUERY),
    "no type": ("", QUERY),
}


def is_hidden(text: str) -> bool:
    return SECRET not in text and b64encode(PAIR.encode()).decode() not in text


@pytest.mark.parametrize("validation", ["strict", "live"])
@pytest.mark.parametrize(("kind", "body"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("path", raw_http.PATHS.values(), ids=raw_http.PATHS)
def test_no_secret_of_a_call_is_shown(path: str, kind: str, body: str, validation: str, client: TestClient) -> None:
    client.put("/_sandbox/settings", json={"validation": validation})
    reply = client.post(f"{path}?{QUERY}", content=body, headers={"content-type": kind, **SECRET_HEADERS})

    entry = client.get("/_sandbox/requests").json()["requests"][0]
    assert is_hidden(reply.text + repr(reply.headers))
    assert is_hidden(json.dumps(entry))
    assert is_hidden(client.get(f"/_sandbox/requests/{entry['id']}").text)
    assert is_hidden(client.get("/_sandbox/requests.har").text)
    assert entry["path"].endswith("&page=2")
    assert entry["request"]["headers"]["ff-secret-key"] == "***"


def test_other_values_are_shown(client: TestClient) -> None:
    """Payment tokens of an API are not secret: a test needs to see them."""
    body = {"order_id": raw_http.ORDER_ID, "client_token": "ct", "payment_method_token": "pm", "description": "no password"}
    client.post(f"{raw_http.FUNNELFOX}?key=1&secretary", json=body, headers=raw_http.CREDENTIALS)

    entry = client.get("/_sandbox/requests").json()["requests"][0]
    assert entry["request"]["body"] == body
    assert entry["path"].endswith("?key=1&secretary")


def test_hiding_takes_no_longer_for_a_crafted_text(client: TestClient) -> None:
    """Bodies are shown up to 16 KiB; a pattern with quadratic backtracking would take minutes."""
    for text in (
        "secret" * 3000,
        '"secret' * 3000,
        '"' * 16_000,
        '"secret":"' * 1600,
        '"secret":"' + "\\" * 16_000,
        "&secret" * 2500,
    ):
        client.post(raw_http.FLUENTCART, content=text, headers=raw_http.CREDENTIALS)
    started = time.monotonic()

    assert client.get("/_sandbox/requests").status_code == 200
    assert time.monotonic() - started < 10


def webhooks(receiver: Receiver) -> dict[str, Any]:
    """A state in which every secret has the same value."""
    orders = [{**raw_http.STATE["funnelfox"]["orders"][0]}]
    targets = [{"url": receiver.url, "signing_secret": SECRET}]
    org = {"id": "your-org-id", "keys": [{"key": SECRET, "group": "admin"}], "webhooks": targets}
    user = {"login": "admin", "email": "a@example.test", "application_password": SECRET, "permissions": ["super_admin"]}
    return {"funnelfox": {"orgs": [org], "orders": orders}, "fluentcart": {**raw_http.STATE["fluentcart"], "users": [user]}}


def test_no_secret_is_logged_on_any_level() -> None:
    with listening() as receiver, serving("--log-level", "debug", "--admin-token", SECRET) as process:
        admission = {**JSON, "authorization": f"Bearer {SECRET}"}
        state = json.dumps(webhooks(receiver)).encode()
        assert raw_http.send(process.address, raw_http.request("PUT", "/_sandbox/state", state, admission)).status == 200
        for api, path in raw_http.PATHS.items():
            body = json.dumps(raw_http.REFUNDS[api]).encode()
            headers = {**JSON, "ff-secret-key": SECRET, "authorization": SECRET_HEADERS["authorization"]}
            assert raw_http.send(process.address, raw_http.request("POST", path, body, headers)).status == 200
            raw_http.send(process.address, raw_http.request("POST", f"{path}?{QUERY}", body, {**JSON, **SECRET_HEADERS}))
        raw_http.send(process.address, raw_http.request("GET", f"/_sandbox/nothing?{QUERY}", headers=admission))
        received = receiver.wait_for(1)
        wait_until(lambda: "_wpnonce" in process.printed())
        logged = process.logged() + process.printed()

    assert "Logging error" not in logged
    assert "POST /your-org-id/v1/payment/refund?_wpnonce=***" in logged  # it does print
    assert is_hidden(logged)
    assert is_hidden(json.dumps([one.headers for one in received]))


def test_no_error_of_the_command_line_shows_a_password() -> None:
    for store in (
        f"postgresql://me:{SECRET}@127.0.0.1:1/x",
        f"postgres://me:{SECRET}@127.0.0.1/x",
        f"mysql://{SECRET}@127.0.0.1",
    ):
        done = run("serve", "--port", "0", "--store", store)

        assert done.exit_code == 2
        assert done.stderr
        assert is_hidden(done.stderr + done.stdout)


# No path or name leads to another file.

OUT = (
    "..",
    "../..",
    "%2e%2e",
    "..%2f..%2f",
    "%2e%2e%2f",
    "..%5c",
    "%252e%252e",
    "/etc",
    "//etc",
    "%00",
    "a%00b",
    "C:",
    "~root",
    ".",
)
FILES = ("pages.py", "settings.py", "etc/passwd", "pyproject.toml", "demo.yaml")


@pytest.mark.parametrize(
    "start", ["/_console/", "/_console/views/", "/_console/specs/", "/specs/", "/docs/", "/w/", "/_sandbox/snapshots/"]
)
def test_no_path_leads_to_another_file(start: str, address: tuple[str, int]) -> None:
    for way in OUT:
        for file in FILES:
            for end in (f"{way}/{file}", f"{way}%2f{file}", f"{way}/{file}.json", f"{way}/{way}/{file}"):
                answer = raw_http.send(address, raw_http.request("GET", start + end))
                assert answer.status in (400, 404, 405), start + end


@pytest.mark.parametrize("name", ["..", "../default", "a/b", "", ".a", "a\\b", "x" * 65, "a\0", "%2e", "é", "a b", "-"])
def test_no_name_leads_to_another_file(name: str, client: TestClient, address: tuple[str, int]) -> None:
    encoded = quote(name, safe="")
    before = client.get("/_sandbox/workspaces").json()
    assert client.post("/_sandbox/snapshots", json={"name": name}).status_code == 422
    assert client.post("/_sandbox/reset", json={"fixture": name}).status_code == 422
    assert client.post("/_sandbox/reset", json={"fixture": f"../fixtures/{name}"}).status_code == 422
    assert raw_http.send(address, raw_http.request("GET", f"/w/{encoded}/_sandbox/health")).status == 404
    assert raw_http.send(address, raw_http.request("DELETE", f"/_sandbox/workspaces/{encoded}")).status == 404
    assert client.get("/_sandbox/workspaces").json() == before


# No text of a request becomes a header.

BREAKS = ("\r\n", "\n", "\r", "\u2028", "\x0b", "\x85", "%0d%0a", "\r\n ")
"""A NUL character is not one of them: state documents and requests with it are refused."""


@pytest.mark.parametrize("line_break", BREAKS, ids=ascii)
def test_no_text_begins_another_header(line_break: str, client: TestClient, address: tuple[str, int]) -> None:
    evil = f"a{line_break}X-Evil: 1{line_break}{line_break}<evil>"
    state = {**raw_http.STATE, "settings": {"validation": "live"}}
    state["fluentcart"] = {**state["fluentcart"], "site": {"name": evil, "url": f"http://{evil}"}}
    assert client.put("/_sandbox/state", json=state).status_code == 200
    fault = {"api": "funnelfox", "at": "before", "reply": {"status": 503, "headers": {"X-A": evil}, "body": evil}}
    assert client.post("/_sandbox/faults", json=fault).status_code == 201
    odd = {**raw_http.REFUNDS["fluentcart"]["refund_info"], f"x{evil}": evil, "amount": evil}
    sent = quote(evil)
    requests = [
        raw_http.refund("funnelfox", json.dumps(raw_http.REFUNDS["funnelfox"]).encode()),
        raw_http.refund("fluentcart", json.dumps({"refund_info": odd, evil: evil}).encode()),
        *(
            raw_http.request("GET", f"{path}?_jsonp={sent}&_fields={sent}&{sent}={sent}&_envelope")
            for path in raw_http.PATHS.values()
        ),
        *(
            raw_http.request(method, f"/wp-json/fluent-cart/v2/{sent}", b"", raw_http.CREDENTIALS)
            for method in ("GET", "OPTIONS")
        ),
        *(
            raw_http.request("GET", f"{start}{sent}")
            for start in ("/", "/_console/", "/specs/", "/w/", "/_sandbox/", "/_sandbox/requests?x=")
        ),
    ]
    for request in requests:
        answer = raw_http.send(address, request)

        assert answer.status
        assert "x-evil" not in answer.headers
        assert not any(character in value for value in answer.headers.values() for character in "\r\n\0")


HOSTS = (
    'a>; rel="x", <http://evil',
    "a b",
    "a/b",
    "a@b",
    "a?b",
    "a#b",
    "[::1",
    "a:b",
    "a<script>",
    'a"b',
    "http://evil",
    "\xff",
    "a\\b",
    "",
)


@pytest.mark.parametrize("host", HOSTS)
def test_an_invalid_host_is_not_repeated(host: str, address: tuple[str, int]) -> None:
    for path in ("/wp-json/fluent-cart/v2/orders", "/wp-json/", "/wp-json/fluent-cart/v2", "/wp-json/fluent-cart/v2/app/init"):
        for method in ("GET", "OPTIONS"):
            answer = raw_http.send(address, raw_http.request(method, path, b"", {"host": host, **raw_http.CREDENTIALS}))

            if host == "[::1":
                assert answer.status == 403
                continue
            assert answer.headers["link"] == '<http://127.0.0.1/wp-json/>; rel="https://api.w.org/"'
            assert not host or json.dumps(host)[1:-1] not in answer.body.decode()


@pytest.mark.parametrize("host", ["shop.internal", "shop.internal:8080", "127.0.0.1:8000", "[::1]:8000", "refund_sandbox:8000"])
def test_a_valid_host_is_used_in_urls(host: str, address: tuple[str, int]) -> None:
    answer = raw_http.send(address, raw_http.request("GET", "/wp-json/", headers={"host": host}))

    assert answer.headers["link"].startswith(f"<http://{host}/wp-json/>")


# Replies that can't be sent can't be configured.

REPLIES: dict[str, tuple[dict[str, Any], str]] = {
    "a blank in a name": ({"status": 503, "headers": {"a b": "c"}}, "/reply/headers/a b"),
    "a line break in a name": ({"status": 503, "headers": {"a\r\nb": "c"}}, "/reply/headers/a\r\nb"),
    "no name": ({"status": 503, "headers": {"": "c"}}, "/reply/headers/"),
    "a name beyond ASCII": ({"status": 503, "headers": {"€": "c"}}, "/reply/headers/€"),
    "another length": ({"status": 503, "headers": {"Content-Length": "5"}}, "/reply/headers/Content-Length"),
    "another framing": ({"status": 503, "headers": {"transfer-encoding": "chunked"}}, "/reply/headers/transfer-encoding"),
}


@pytest.mark.parametrize(("reply", "pointer"), REPLIES.values(), ids=REPLIES)
def test_a_reply_that_cannot_be_sent_cannot_be_configured(reply: dict[str, Any], pointer: str, client: TestClient) -> None:
    refused = client.post("/_sandbox/faults", json={"at": "before", "reply": reply})

    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == [pointer]


@pytest.mark.parametrize("status", [200, 204, 205, 299, 304, 308, 418, 451, 499, 599])
@pytest.mark.parametrize("body", [{}, {"body": "text"}, {"body": {"a": 1}}], ids=["its own", "text", "JSON"])
def test_a_reply_of_any_status_is_well_formed(
    status: int, body: dict[str, Any], client: TestClient, address: tuple[str, int]
) -> None:
    for api in raw_http.PATHS:
        client.post("/_sandbox/faults", json={"api": api, "at": "before", "reply": {"status": status, **body}})
        request = raw_http.refund(api, b"{}", connection="keep-alive")

        answers = raw_http.exchange(address, [request + raw_http.request("GET", "/_sandbox/health")], count=2)

        assert [answer.status for answer in answers] == [status, 200]
        assert status not in (204, 205, 304) or answers[0].body == b""


# Documents are data and nothing else.

LAUGHS = "a: &a [x, x]\n" + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
YAML: dict[str, tuple[str, str]] = {
    "a billion laughs": (LAUGHS, "aliases (*name) are not supported; repeat the value"),
    "an alias of itself": ("a: &a [*a]", "aliases (*name) are not supported"),
    "a merge": ("a: &a {b: 1}\nc: {<<: *a}", "aliases (*name) are not supported"),
    "a Python object": (
        "!!python/object/apply:os.system [true]",
        "the tag tag:yaml.org,2002:python/object/apply:os.system is not supported",
    ),
    "a Python name": ("a: !!python/name:os.system", "the tag tag:yaml.org,2002:python/name:os.system is not supported"),
    "a local tag": ("a: !include /etc/passwd", "the tag !include is not supported"),
    "a binary": ("a: !!binary aGk=", "the tag tag:yaml.org,2002:binary is not supported"),
    "too deep": ("[" * 5000, "nested deeper than 100"),
    "two documents": ("a: 1\n---\nb: 2", "not YAML"),
    "a key twice": ("clock: null\nclock: null", "duplicate key: clock"),
}


@pytest.mark.parametrize(("text", "says"), YAML.values(), ids=YAML)
def test_yaml_is_data_and_nothing_else(text: str, says: str, client: TestClient, tmp_path: Path) -> None:
    before = client.get("/_sandbox/state").content
    reply = client.put("/_sandbox/state", content=text, headers={"content-type": "application/yaml"})
    fixture = tmp_path / "state.yaml"
    fixture.write_text(text)

    assert reply.status_code == 422
    assert says in reply.json()["errors"][0]["reason"]
    assert client.get("/_sandbox/state").content == before
    checked = runner().invoke(main, ["check", str(fixture)])
    assert checked.exit_code == 1
    assert says in checked.stderr
    assert "Traceback" not in checked.stderr
