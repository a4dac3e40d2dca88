"""HTTP replies for the console's files."""

import pytest
from starlette.testclient import TestClient

from refund_sandbox.console.static_files import FILES

pytestmark = pytest.mark.memory_only
NAMES = sorted(path.relative_to(FILES).as_posix() for path in FILES.rglob("*") if path.is_file())


def test_the_root_is_the_console_and_wordpress_with_a_rest_route(client: TestClient) -> None:
    assert "<title>refund-sandbox</title>" in client.get("/").text
    assert "<title>refund-sandbox</title>" in client.get("/w/one/").text
    assert client.post("/").status_code == 405
    assert client.get("/?rest_route=/fluent-cart/v2/orders").json()["code"] == "rest_forbidden"


@pytest.mark.parametrize("name", NAMES)
def test_every_file_has_security_headers_and_an_etag(name: str, client: TestClient) -> None:
    reply = client.get(f"/_console/{name}")
    again = client.get(f"/_console/{name}", headers={"if-none-match": reply.headers["etag"]})

    assert (reply.status_code, again.status_code, again.content) == (200, 304, b"")
    assert reply.headers["content-security-policy"].startswith("default-src 'self'; ")
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["cache-control"] == "no-cache"
    assert "http://" not in reply.text.replace("http://www.w3.org/", "").replace("http://127.0.0.1", "")


@pytest.mark.parametrize(
    "name", ["nothing.js", "../static_files.py", "%2e%2e/static_files.py", "/etc/passwd", "specs/other.json", "v1/payment/refund"]
)
def test_other_paths_are_not_found(name: str, client: TestClient) -> None:
    assert client.get(f"/_console/{name}").status_code == 404


def test_no_file_has_inline_scripts_or_styles() -> None:
    for path in FILES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<style" not in text
        assert " style=" not in text
        assert "<script>" not in text
    for path in FILES.rglob("*.js"):
        assert "innerHTML" not in path.read_text(encoding="utf-8")
