"""URLs of webhook endpoints are checked where they are set: a delivery would fail later, in the background."""

from typing import Any

import pytest
from starlette.testclient import TestClient

pytestmark = pytest.mark.memory_only
LONG = "a" * 63
GOOD = (
    *("http://127.0.0.1:3000/hook", "https://shop.example/a?b=c#d", "HTTP://LOCALHOST", "http://[::1]:80/", "http://a_b:1/"),
    *(f"http://{LONG}.example/", "http://shop.example./", "http://user:pass@a/", "http://m\u00fcnchen.example/", "http://a:/"),
    *("http://xn--mnchen-3ya.example/", "http://host.docker.internal:3000", "http://a/\u00e9?x=\u00e9", "http://1.2.3.4"),
)
BAD = (
    *("", "localhost:3000/hook", "ftp://x/", "http://", "http:///hook", "//a/b", "/hook", "javascript:alert(1)", "http:a", "a"),
    *(
        "http://a..b/",
        "http://.a/",
        f"http://{LONG}a/",
        f"http://x.{LONG}a.example/",
        "http://" + "a." * 130 + "b/",
        "http://a b/",
    ),
    *(
        "http://a:99999/",
        "http://a:0/",
        "http://a:b/",
        "http://[::1/",
        "http://[x]/",
        "http://a\nb/",
        "http://a/\tb",
        " http://a/",
    ),
    *("http://a\\b/", "http://a%20b/", "http://a<b>/", "http://\u2603.example/", "http://a|b/", "file:///etc/passwd", "ws://a/"),
)
FIELDS = {"funnelfox": "url", "fluentcart": "request_url"}


def targets(api: str, url: str) -> dict[str, Any]:
    return {api: [{FIELDS[api]: url}]}


def state(api: str, url: str) -> dict[str, Any]:
    if api == "funnelfox":
        return {api: {"orgs": [{"id": "your-org-id", "webhooks": [{"url": url}]}]}}
    return {api: {"webhooks": [{"request_url": url}]}}


@pytest.mark.parametrize("url", GOOD)
@pytest.mark.parametrize("api", FIELDS)
def test_a_url_that_can_be_called_is_accepted(api: str, url: str, client: TestClient) -> None:
    assert client.put("/_sandbox/webhooks/targets", json=targets(api, url)).status_code == 200
    assert client.put("/_sandbox/state", json=state(api, url)).status_code == 200


@pytest.mark.parametrize("url", BAD)
@pytest.mark.parametrize("api", FIELDS)
def test_a_url_that_cannot_be_called_is_refused(api: str, url: str, client: TestClient) -> None:
    before = client.get("/_sandbox/state").content

    for path, document in (("/_sandbox/webhooks/targets", targets(api, url)), ("/_sandbox/state", state(api, url))):
        reply = client.put(path, json=document)
        assert reply.status_code == 422
        assert [error["reason"] for error in reply.json()["errors"]] == [
            "must be a URL that begins with http:// or https://, such as http://127.0.0.1:3000/hook"
        ]
        assert reply.json()["errors"][0]["pointer"].endswith(f"/0/{FIELDS[api]}")
    assert client.get("/_sandbox/state").content == before


@pytest.mark.parametrize(("api", "limit"), [("funnelfox", 7), ("fluentcart", 100)])
def test_the_number_of_endpoints_is_limited(api: str, limit: int, client: TestClient) -> None:
    endpoints = [{FIELDS[api]: f"http://127.0.0.1:1/{number}"} for number in range(limit + 1)]
    section = {"webhooks": endpoints} if api == "fluentcart" else {"orgs": [{"id": "a", "webhooks": endpoints}]}

    assert client.put("/_sandbox/webhooks/targets", json={api: endpoints[:limit]}).status_code == 200
    assert client.put("/_sandbox/webhooks/targets", json={api: endpoints}).status_code == 422
    assert client.put("/_sandbox/state", json={api: section}).status_code == 422
    assert len(client.get("/_sandbox/webhooks/targets").json()[api]) == limit
