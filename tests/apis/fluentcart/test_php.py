"""Values as PHP and MySQL read them. The expected values were printed by PHP 8.2."""

from typing import Any

import pytest

from refund_sandbox.apis.fluentcart import php
from refund_sandbox.apis.fluentcart.php_forms import parse_query
from refund_sandbox.apis.fluentcart.php_json import json_decode, json_encode
from refund_sandbox.apis.fluentcart.php_json_errors import JsonError


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5015.5, "5015.5"), (1e20, "1.0E+20"), (1e14, "1.0E+14"), (123456789012345678.0, "1.2345678901235E+17"),
        (1 / 3, "0.33333333333333"), (-0.0, "-0"), (1e-5, "1.0E-5"), (0.0001, "0.0001"), (1.5e300, "1.5E+300"),
        (float("inf"), "INF"), (float("-inf"), "-INF"), (float("nan"), "NAN"), (100.0, "100"), (True, "1"), (False, ""),
        (None, ""), ([1], "Array"), ("x", "x"),
    ],
)  # fmt: skip
def test_a_value_is_converted_to_text(value: Any, text: str) -> None:
    assert php.to_text(value) == text


@pytest.mark.parametrize(
    ("value", "whole"),
    [
        (100.49999999999999, 101), (0.5, 1), (-0.5, -1), (0.49, 0), (2500.5, 2501), (1e18, 10**18),
        (1e19, -8446744073709551616), (1e21, 3875820019684212736), (1e22, 1864712049423024128), (2.0**63, -(2**63)),
        (1e300, 0), (float("inf"), 0), (float("nan"), 0), (75029374374324.5, 75029374374325),
        (400000000000000.5, 400000000000001),
    ],
)  # fmt: skip
def test_a_number_is_rounded_and_wrapped(value: float, whole: int) -> None:
    assert php.round_to_int(value) == whole


@pytest.mark.parametrize("text", ["25", " 25", "25 ", "\x0b25\x0c", "1e5", ".5", "5.", "+.5e-3", "1e5 ", "-1"])
def test_text_is_numeric(text: str) -> None:
    assert php.is_numeric(text)


@pytest.mark.parametrize("value", ["0x1A", "1_000", ".", "1e", "- 1", "\x0025", "", "INF", "٢٥", "25\xa0", True, None, [], {}])
def test_a_value_is_not_numeric(value: Any) -> None:
    assert not php.is_numeric(value)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"[1}", 2), (b'{"a":1]', 2), (b'"\\ud800"', 10), (b'"\x01"', 3), (b"nul", 4), (b"", 4), (b"[1,]", 4),
        (b"\xef\xbb\xbf{}", 4), (b"TRUE", 4), (b"01", 4), (b".5", 4), (b'"\\x"', 4), (b'["\xff"]', 5), (b"NaN", 4),
        (b"[" * 512 + b"]" * 512, 1), (b"]", 4), (b"{}}", 4), (b"[" * 512 + b"\x01", 1),
        (b'"', 3), (b'{"a', 3), (b"\x0b{}", 3), (b"{}\0", 3), (b"[\x0c]", 3), (b'"\x01\xff', 3),
        (b'"\\ud800', 10), (b'"\\udc00\x01', 10), (b'{"a":"\\ud800","a":1}', 10), (b'1"\\ud800"', 10), (b'"\\u12"', 4),
        (b'[1,,"\xff"]', 4), (b":\xce", 4), (b"\xce:", 5), (b"[1\xff", 5), (b"[,}", 4), (b"[}", 2), (b'{"a":.5]', 4),
        (b"{'a':1]", 4), (b'{"a":1,}', 4), (b'{"a" 1}', 4), (b"[[1],[2}]", 2), (b'{"a":{"b":1]}', 2),
    ],
)  # fmt: skip
def test_invalid_json_has_the_error_code_of_php(body: bytes, code: int) -> None:
    with pytest.raises(JsonError) as error:
        json_decode(body)

    assert error.value.code == code


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"-0", 0), (b"1e2", 100.0), (b"1e400", float("inf")), (b"123456789012345678901", 1.2345678901234568e20),
        (b'"\\u0000"', "\0"), (b'{"a":1,"a":2}', {"a": 2}), (b"9" * 5000, float("inf")), (b'"[[[["', "[[[["),
    ],
)  # fmt: skip
def test_json_is_decoded(body: bytes, value: Any) -> None:
    assert json_decode(body) == value


@pytest.mark.parametrize("number", [2**63 - 1, -(10**17), -(10**18), -(2**63)])
def test_a_number_of_64_bits_is_whole(number: int) -> None:
    assert repr(json_decode(b'{"a": %d}' % number)) == repr({"a": number})


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 2**64 - 1, 2**64, 10**30])
def test_a_number_of_more_than_64_bits_is_a_float(number: int) -> None:
    assert repr(json_decode(b'{"a": %d}' % number)) == repr({"a": float(number)})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": {"b": "x\n\"\\"}}, rb'{"a":{"b":"x\n\"\\"}}'), ({"a": "/\x01"}, rb'{"a":"\/\u0001"}'), ({}, b"{}"), ([], b"[]"),
        ({"a": "\x7f"}, b'{"a":"\x7f"}'), ({"\x7f/": 1}, b'{"\x7f\\/":1}'), ({"a": ["\\u007f"]}, rb'{"a":["\\u007f"]}'),
        ({"a": "\u00e9/"}, rb'{"a":"\u00e9\/"}'), ({"a": "\ud800"}, rb'{"a":"\ud800"}'),
        ({"a": "b", "c": 1e-5}, rb'{"a":"b","c":1.0e-5}'),
        ([10.0, -0.0, 0.1, 1e16, 1e17], b"[10,-0,0.1,10000000000000000,1.0e+17]"),
        ([1.5e300, "1.0", "2e+5"], b'[1.5e+300,"1.0","2e+5"]'),
    ],
)  # fmt: skip
def test_json_is_encoded_in_ascii_with_escaped_slashes(value: Any, text: bytes) -> None:
    assert json_encode(value) == text


def test_json_may_be_511_deep() -> None:
    assert json_decode(b"[" * 511 + b"]" * 511)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("5001", 5001), (" 5001 ", 5001), ("005001", 5001), ("5001.0", 5001), ("+5001", 5001), ("5001abc", 5001),
        ("5001 OR 1=1", 5001), ("5.001e3", 5001), (5001.0, 5001), ("0x1389", 0), ("abc", 0), (True, 1), (False, 0), (-1, -1),
        (5001.5, None), ("5018.4", None), (None, None), ([1], None), (2**63, None), (float("nan"), None), ("1e400", None),
    ],
)  # fmt: skip
def test_an_id_is_compared_as_in_mysql(value: Any, found: int | None) -> None:
    assert php.as_id(value) == found


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[b][c]=1", {"a": {"b": {"c": "1"}}}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("a.b=1&c+d=2", {"a_b": "1", "c_d": "2"}),
        ("%5B%5D=1", {}),
        ("=1&&b=2&", {"b": "2"}),
        ("+a=1&%20b[+c][d+]=2", {"a": "1", "b": {" c": {"d ": "2"}}}),
        ("a[x]y[z]=1&b[x]]=2", {"a": {"x": "1"}, "b": {"x": "2"}}),
        ("a[b.c=1&d[e][f=2", {"a_b_c": "1", "d": {"e": "2"}}),
        ("a[5]=1&a[]=2&a[ ]=3&a[08]=4&a[]=5", {"a": {"5": "1", "6": "2", "7": "3", "08": "4", "8": "5"}}),
        ("a[]=1&a=2&a[]=3", {"a": {"0": "3"}}),
        ("&".join(f"a[]={number}" for number in range(1005)), {"a": {str(number): str(number) for number in range(1000)}}),
        ("a%00b=1&c=%00", {"a": "1", "c": "\0"}),
        ("a" + "[x]" * 65 + "=1&b=%zz", {"b": "%zz"}),
    ],
)
def test_a_query_string_is_parsed(query: str, fields: Any) -> None:
    assert parse_query(query) == fields


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("4000", 4000),
        ("12abc", 12),
        ("abc", 0),
        (3.9, 3),
        (None, 0),
        ([], 0),
        ([0], 1),
        (True, 1),
        (" +1e3", 1000),
        ("4685635071201877551", 4685635071201877551),
        ("9" * 30, 2**63 - 1),
        ("-1e35", -(2**63)),
        ("1e400", 0),
        (1e19, -8446744073709551616),
    ],
)
def test_a_value_is_converted_to_int(value: Any, number: int) -> None:
    assert php.to_int(value) == number
