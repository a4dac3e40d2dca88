"""The sandbox under a path: mounted in another application, or behind a proxy that removes the path."""

import json
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from refund_sandbox.app import build
from refund_sandbox.settings import Settings
from tests.support import raw_http
from tests.support.control_calls import create_order, deliveries, refund_fluentcart, refund_funnelfox
from tests.support.server_thread import Listening, listen

pytestmark = pytest.mark.memory_only
PLACES = {"/pay": "/pay", "/a/b": "/a/b", "/_sandbox": "/_sandbox", "/w": "/w", "/a b": "/a%20b", "/{tenant}": "/shop"}
"""Paths of mounts, and the prefix in URLs."""
ORDER = "/wp-json/fluent-cart/v2/orders"


@pytest.fixture(params=PLACES)
def prefix(request: pytest.FixtureRequest) -> str:
    return PLACES[request.param]


@pytest.fixture
def client(request: pytest.FixtureRequest, prefix: str) -> Iterator[TestClient]:
    """A client of a sandbox that is mounted in an application of Starlette."""
    sandbox = build(Settings(check_replies=True))
    (place,) = [place for place, known in PLACES.items() if known == prefix]
    yield TestClient(Starlette(routes=[Mount(place, sandbox.app)]), base_url=f"http://testserver{prefix}")
    sandbox.close()


@pytest.mark.parametrize("workspace", ["", "/w/other"])
def test_a_mounted_sandbox_books_refunds(workspace: str, client: TestClient, prefix: str) -> None:
    client.base_url = f"http://testserver{prefix}{workspace}"
    funnelfox, fluentcart = create_order(client, "funnelfox", amount="9.99"), create_order(client, "fluentcart", paid=5000)

    replies = [refund_funnelfox(client, funnelfox), refund_fluentcart(client, fluentcart, 5000)]

    assert [reply.status_code for reply in replies] == [200, 200]
    logged = client.get("/_sandbox/requests").json()["requests"]
    assert [entry["path"] for entry in logged] == [f"{ORDER}/{fluentcart['id']}/refund", "/your-org-id/v1/payment/refund"]
    assert deliveries(client) == []


@pytest.mark.parametrize("workspace", ["", "/w/other"])
def test_urls_in_replies_begin_with_the_path_of_the_mount(workspace: str, client: TestClient, prefix: str) -> None:
    client.base_url = f"http://testserver{prefix}{workspace}"

    listed = client.get(ORDER, headers=raw_http.CREDENTIALS).json()

    assert listed["orders"]["first_page_url"].startswith(f"http://testserver{prefix}{workspace}/wp-json/")
    archive = client.get("/_sandbox/requests.har").json()
    assert archive["log"]["entries"][0]["request"]["url"] == f"http://testserver{prefix}{workspace}{ORDER}"


def test_other_paths_of_the_apis_work_under_a_mount(client: TestClient) -> None:
    paths = (f"/index.php{ORDER}", "/?rest_route=/fluent-cart/v2/orders")
    assert [client.get(path, headers=raw_http.CREDENTIALS).status_code for path in paths] == [200, 200]

    client.post("/your-org-id/billing/your-org-id/v1/checkout/one_click", json={})

    assert client.get("/_sandbox/requests").json()["requests"][0]["operation"] == "oneClick"


def test_an_unknown_path_is_named_with_the_path_of_the_mount(client: TestClient, prefix: str) -> None:
    reply = client.get("/nothing")

    assert reply.status_code == 404
    assert f"No route for GET {prefix}/nothing." in reply.json()["detail"].replace(" b/", "%20b/")


@pytest.fixture(params=[uvicorn.__version__, "0.999.0"])
def behind_proxy(request: pytest.FixtureRequest) -> Iterator[Listening]:
    """A server behind a proxy that removes `/pay`, on the installed uvicorn and on one of an unknown version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uvicorn, "__version__", request.param)
        sandbox = build(Settings())
        raw_http.arrange(sandbox)
        listening = listen(sandbox.app, root_path="/pay")
    yield listening
    listening.stop()
    sandbox.close()


@pytest.mark.parametrize("connection", ["keep-alive", "close"])
def test_requests_behind_a_proxy_are_answered_directly_and_by_asgi(connection: str, behind_proxy: Listening) -> None:
    headers = {"connection": connection, **raw_http.CREDENTIALS}
    calls = [raw_http.refund(api, json.dumps(raw_http.REFUNDS[api]).encode(), connection=connection) for api in raw_http.REFUNDS]
    reads = [raw_http.request("GET", path, headers=headers) for path in ("/_sandbox/health", "/w/other/_sandbox/health", ORDER)]

    answers = [raw_http.send(behind_proxy.address, call) for call in calls + reads]

    assert [answer.status for answer in answers] == [200] * 5
    assert answers[-1].document["orders"]["first_page_url"].startswith("http://sandbox/pay/wp-json/")
