"""No malformed body crashes a refund or changes the ledger: byte for byte over a socket."""

import copy
import json
import re
from itertools import pairwise
from typing import Any

import pytest

from refund_sandbox.app import SandboxApp
from tests.support import raw_http

pytestmark = pytest.mark.memory_only

# Bodies that are no JSON, with the code that PHP has for what is wrong.
NOT_JSON: dict[str, tuple[bytes, int]] = {
    "half an object": (b'{"refund_info":', 4),
    "two values": (b"{} {}", 4),
    "a word": (b"refund", 4),
    "blanks": (b" \r\n\t", 4),
    "NaN": (b'{"amount":NaN}', 4),
    "Infinity": (b'{"amount":-Infinity}', 4),
    "a comment": (b"{} // please", 4),
    "single quotes": (b"{'amount': 1}", 4),
    "a form": (b"refund_info[amount]=1", 4),
    "XML": (b"<refund/>", 4),
    "UTF-16": ('{"amount":1}'.encode("utf-16"), 5),
    "Latin-1": ('{"reason":"é"}'.encode("latin-1"), 5),
    "a byte order mark": (b"\xef\xbb\xbf{}", 4),
    "half a character": (b'{"reason":"\xe2\x82"}', 5),
    "zeros": (b"\0" * 1000, 3),
    "a control character": (b'{"reason":"\x00"}', 3),
    "half a surrogate pair": (rb'{"reason":"\ud800"}', 10),
    "half a pair as a key": (rb'{"\udfff":1}', 10),
    "a wrong escape": (rb'{"reason":"\x"}', 4),
    "deep lists": (b"[" * 20_000 + b"]" * 20_000, 1),
    "deep objects": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 1),
    "deep and unbalanced": (b"[" * 20_000, 1),
    "only the ends": (b"]" * 20_000, 4),
    "deep and mixed": (b'[{"a":' * 10_000, 1),
    "crossed": (b"[{]}", 2),
    "an open string of quotes": (b"[" * 400 + b'"' + rb"\"" * 300_000, 3),
    "many opened strings": (b'"' * 300_000, 4),
}


@pytest.mark.parametrize(("body", "code"), NOT_JSON.values(), ids=NOT_JSON)
def test_a_body_that_is_not_json_is_refused(body: bytes, code: int, sandbox: SandboxApp, address: tuple[str, int]) -> None:
    for api, validation, version in raw_http.MODES:
        before = raw_http.arrange(sandbox, validation=validation, version=version)

        answer = raw_http.send(address, raw_http.refund(api, body))

        error = answer.document
        assert answer.status == 400
        if api == "funnelfox":
            assert error["error"][0]["code"] == "json_invalid"
        else:
            assert (error["code"], error["data"]["json_error_code"]) == ("rest_invalid_json", code)
        assert sandbox.workspace.dump() == before


NO_OBJECT = [
    b"null",
    b"true",
    b"1",
    b"9" * 500_000,
    b"0." + b"9" * 500_000,
    b"1e999",
    b'"x"',
    b'"' + b"x" * 900_000 + b'"',
    b"[]",
]
ODD_TYPES = [
    *("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "multipart/form-data; boundary=-"),
    *("application/json; charset=utf-16", "application/vnd.x+json", "\xff", ";;;", "application/" + "x" * 10_000),
]


@pytest.mark.parametrize(("api", "validation", "version"), raw_http.MODES)
def test_json_that_is_not_an_object_is_refused(
    api: str, validation: str, version: str, sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    before = raw_http.arrange(sandbox, validation=validation, version=version)

    for body in NO_OBJECT:
        answer = raw_http.send(address, raw_http.refund(api, body))

        assert answer.status == (400 if api == "funnelfox" else 422)
        raw_http.check_refund(sandbox, api, before, answer)


@pytest.mark.parametrize("kind", ODD_TYPES, ids=lambda kind: kind[:32])
def test_a_body_of_any_declared_type_is_answered(kind: str, sandbox: SandboxApp, address: tuple[str, int]) -> None:
    for api, validation, version in raw_http.MODES:
        for body in (b"", b"&&&===[[[", b"--\r\n\r\n--", b"\xff\x00", json.dumps(raw_http.REFUNDS[api]).encode()):
            before = raw_http.arrange(sandbox, validation=validation, version=version)

            answer = raw_http.send(address, raw_http.refund(api, body, kind))

            raw_http.check_refund(sandbox, api, before, answer)


@pytest.mark.parametrize(("api", "validation", "version"), raw_http.MODES)
def test_a_body_of_ten_megabytes_is_refused(
    api: str, validation: str, version: str, sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    before = raw_http.arrange(sandbox, validation=validation, version=version)

    answer = raw_http.send(address, raw_http.refund(api, b'{"reason":"' + b"x" * 10_000_000 + b'"}'))

    assert answer.status == 413
    raw_http.check_refund(sandbox, api, before, answer)


# Every field of both bodies, as the way to it.
Way = tuple[str | int, ...]
REFUNDED: Way = ("refund_info", "refunded_items", 0)
FIELDS: dict[str, list[Way]] = {
    "funnelfox": [(name,) for name in ("external_id", "order_id", "reason", "comment", "amount", "soft_refund", "unknown")],
    "fluentcart": [
        ("refund_info",),
        *[
            ("refund_info", name)
            for name in ("transaction_id", "amount", "reason", "cancelSubscription", "manageStock", "unknown")
        ],
        *[("refund_info", name) for name in ("item_ids", "refunded_items")],
        ("refund_info", "item_ids", 0),
        REFUNDED,
        *[(*REFUNDED, name) for name in ("id", "variation_id", "quantity", "restore_quantity")],
    ],
}
VALUES = [
    *("9" * 5000, "-" + "9" * 5000, "1e999", "-1e999", "1e15", "1e-400", "0", "-0.0", "0.1", "5001.5", "true", "false", "null"),
    *('"1e999999999"', '"-1e999999999"', '"1e-999999999"', '"0e999999999"', '"0.' + "9" * 200_000 + '"', '"NaN"', '"-inf"'),
    *('"0x10"', '"1_0"', '"٢٥"', '" 1 "', '""', r'"\u0000"', r'"\r\nX: 1"', r'"\ud83d\ude00"', '"' + "9" * 200_000 + '"'),
    *("[]", "{}", '{"a":{"b":[1]}}', "[5001]", '{"id":5001}', "[null]", "[" * 100 + "]" * 100, "[" * 500 + "]" * 500),
]


def with_value(document: Any, way: Way, value: str) -> bytes:
    """Return the document as JSON, with the raw value at the path."""
    document = copy.deepcopy(document)
    target = document
    for key, following in pairwise(way):
        target = target.setdefault(key, [{}] if following == 0 else {}) if isinstance(key, str) else target[key]
    target[way[-1]] = "HERE"
    return re.sub('"HERE"', lambda _: value, json.dumps(document)).encode()


@pytest.mark.parametrize(
    ("api", "validation", "version", "way"),
    # With strict validation, the versions differ in the amount alone.
    [
        (*mode, way)
        for mode in raw_http.MODES
        for way in FIELDS[mode[0]]
        if mode[1:] != ("strict", "1.3.25") or way[-1] == "amount"
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_any_value_of_any_field_is_answered(
    api: str, validation: str, version: str, way: Way, sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    before = raw_http.arrange(sandbox, validation=validation, version=version)
    for value in VALUES:
        answer = raw_http.send(address, raw_http.refund(api, with_value(raw_http.REFUNDS[api], way, value)))

        # An unknown item is a whole number to the spec, and a crash to the plugin (09-027).
        crashes = ("fluentcart live", "fluentcart strict" if "item_ids" in way else "")
        raw_http.check_refund(sandbox, api, before, answer, crashes=crashes)
        if answer.status in (200, 500):
            before = raw_http.arrange(sandbox, validation=validation, version=version)


@pytest.mark.parametrize(("api", "validation", "version"), raw_http.MODES)
def test_the_last_of_two_equal_keys_counts(
    api: str, validation: str, version: str, sandbox: SandboxApp, address: tuple[str, int]
) -> None:
    before = raw_http.arrange(sandbox, validation=validation, version=version)
    good = json.dumps(raw_http.REFUNDS[api])[1:-1]
    name = "amount" if api == "funnelfox" else "refund_info"

    answer = raw_http.send(address, raw_http.refund(api, f'{{{good},"{name}":"x"}}'.encode()))

    assert answer.status != 200
    raw_http.check_refund(sandbox, api, before, answer)


FORM = {"refund_info[transaction_id]": "5001", "refund_info[amount]": "100"}
PART = '--x\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
WHOLE = {
    "application/x-www-form-urlencoded": "&".join(f"{name}={value}" for name, value in FORM.items()),
    "multipart/form-data; boundary=x": "".join(PART.format(*field) for field in FORM.items()) + "--x--\r\n",
    'multipart/form-data; charset=utf-8; boundary="x"': "".join(PART.format(*field) for field in FORM.items()),
    "text/plain": json.dumps(raw_http.REFUNDS["fluentcart"]),
}


@pytest.mark.parametrize(("kind", "body"), WHOLE.items())
def test_a_complete_form_is_read(kind: str, body: str, sandbox: SandboxApp, address: tuple[str, int]) -> None:
    raw_http.arrange(sandbox, validation="live")

    answer = raw_http.send(address, raw_http.refund("fluentcart", body.encode(), kind))

    assert answer.status == 200
    assert sandbox.workspace.dump()["fluentcart"]["orders"][0]["total_refund"] == 100
