"""Replies of any kind: the recording goes on, can be read, and has no personal data."""

import time
from pathlib import Path

import pytest

from refund_sandbox.recordings.case_file import read_cases
from refund_sandbox.recordings.recorder import make_scrubber
from tests.support.echo_service import PreparedService
from tests.support.recording_proxy import APIS, exchange, http_request, recording

pytestmark = pytest.mark.memory_only

NAME = "Wilhelmina"
ODD_JSON = {
    "infinity": '{"n": 1e999, "customer": {"name": "Wilhelmina"}}',
    "NaN": '{"n": NaN, "customer": {"name": "Wilhelmina"}}',
    "NUL": r'{"n": "\u0000", "customer": {"name": "Wilhelmina"}}',
    "half a surrogate pair": r'{"n": "\ud83d", "customer": {"name": "Wilhelmina"}}',
    "half a surrogate pair beside text": r'{"n": "é\ud83d", "customer": {"name": "Wilhelmina"}}',
    "a key twice": '{"customer": {"name": "Wilhelmina"}, "customer": {"name": "Wilhelmina"}}',
    "many digits": '{"n": ' + "9" * 5000 + ', "customer": {"name": "Wilhelmina"}}',
    "such JSON in a text": r'{"n": "{\"n\": 1e999, \"customer\": {\"name\": \"Wilhelmina\"}}"}',
}


def record(path: Path, *bodies: str) -> None:
    """Record one exchange for each body, which is in the request and in the reply."""
    kind = {"Content-Type": "application/json"}
    with PreparedService() as service, recording(service.url, path) as proxy:
        for body in bodies:
            content = body.encode()
            service.reply = (200, [*kind.items(), ("Content-Length", str(len(content)))], content)
            exchange(proxy.address, http_request("POST", "/wp-json/fluent-cart/v2/orders", kind, content))


@pytest.mark.parametrize("body", ODD_JSON.values(), ids=ODD_JSON)
def test_json_that_is_not_strict_is_recorded_without_personal_data(body: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"

    record(path, '{"a": 1}', body, '{"a": 2}')

    cases = read_cases(path)
    assert [case["expect"]["body"] for case in cases[::2]] == [{"a": 1}, {"a": 2}]
    assert NAME not in path.read_text()


LINE_ENDS = {"U+2028": "\u2028", "U+0085": "\x85", "U+001C": "\x1c", "CR": "\r"}


@pytest.mark.parametrize("end", LINE_ENDS.values(), ids=LINE_ENDS)
@pytest.mark.parametrize("cut", [5, 11, 12, 13, 14, 60])
def test_a_file_that_was_cut_off_is_read_whatever_ends_a_line_in_its_texts(end: str, cut: int, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    body = f'{{"text": "a{end}b ä"}}'.replace("\r", "\\r").replace("\x1c", "\\u001c")
    record(path, body, body, body)
    path.write_bytes(path.read_bytes()[:-cut])

    assert len(read_cases(path)) == 2


LONG_TEXTS = {
    "a word, and an address": "x" * 100_000 + " ada@example.org",
    "a word, and an escape": "x" * 100_000 + " %41",
    "a word in HTML": f"<p>{'a' * 100_000} b='c'</p>",
    "a word at the end of a path": "/a/" + "a" * 100_000,
    "spaces": "a: b" + " " * 100_000 + "c",
    "spaces in HTML": "<p a=b>" + " " * 100_000 + "</p>",
    "capitals before an address": "A" * 100_000 + " <ada@example.org>",
    "percent signs": "%" * 100_000 + " a=b",
    "signs of an address": "a@" * 50_000,
    "a script": "<script>" + 'function aB(c){if(c<d&&e>"f:g")return h.i="j"+k/l};' * 4_000 + "</script>",
}


@pytest.mark.parametrize("text", LONG_TEXTS.values(), ids=LONG_TEXTS)
def test_a_long_text_takes_time_in_proportion_to_its_length(text: str) -> None:
    """A search with quadratic backtracking takes minutes, and stops the whole proxy meanwhile."""
    scrubber = make_scrubber(APIS, ["https://shop.example"])
    started = time.process_time()

    scrubber.text(text)

    assert time.process_time() - started < 10


def test_the_name_of_a_person_is_recognised_in_one_pass() -> None:
    scrubber = make_scrubber(APIS, [])
    started = time.process_time()

    scrubber.value({"customer": "a" * 10_000 + "1"})

    assert time.process_time() - started < 10
    assert "Ada" not in str(scrubber.value({"customer": "Ada Lovelace-O'Neil"}))
