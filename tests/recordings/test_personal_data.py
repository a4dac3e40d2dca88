"""Personal data and secrets in many forms: none of them is in the file, and what a ledger needs stays."""

import base64
import gzip
import hashlib
import html
import json
import re
from collections.abc import Callable
from pathlib import Path
from string import ascii_lowercase
from typing import Any
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from tests.support.echo_service import PreparedService
from tests.support.recording_proxy import exchange, http_request, recording

pytestmark = pytest.mark.memory_only

PATH = "/wp-json/fluent-cart/v2/orders/1001/refund"
Form = tuple[str, dict[str, str], Any, list[tuple[str, str]], Any]
"""Path, headers and body of a request, headers and body of the reply."""


def in_request(body: Any, **headers: str) -> Form:
    return (
        PATH,
        {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}},
        body,
        [],
        {},
    )


def in_headers(**headers: str) -> Form:
    return in_request({}, **headers)


def in_query(query: str) -> Form:
    return f"{PATH}?{query}", {}, None, [], {}


def in_reply(body: Any, *headers: tuple[str, str]) -> Form:
    return PATH, {}, None, [("Content-Type", "application/json"), *headers], body


def in_form(text: str) -> Form:
    return PATH, {"Content-Type": "application/x-www-form-urlencoded"}, text.encode(), [], {}


def multipart(name: str, value: str, extra: str = "") -> Form:
    body = f'--XX\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n{value}\r\n--XX--\r\n'
    return PATH, {"Content-Type": "multipart/form-data; boundary=XX"}, body.encode(), [], {}


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


MAIL, WORD, NAME = "planted.q7x{}@planted-mail.example.net", "pLanTed{}Zq8Xw", "Plantedname{}"
SECRET_FORMS: dict[str, Callable[[str], Form]] = {
    "Basic credentials": lambda value: in_headers(Authorization=f"Basic {b64(f'admin:{value}')}"),
    "login of Basic credentials": lambda value: in_headers(Authorization=f"Basic {b64(f'{value}:x')}"),
    "Bearer token": lambda value: in_headers(Authorization=f"Bearer {value}"),
    "key header": lambda value: in_headers(ff_secret_key=value),
    "unknown key header": lambda value: in_headers(X_Api_Key=value),
    "nonce header": lambda value: in_headers(X_WP_Nonce=value),
    "cookie": lambda value: in_headers(Cookie=f"wordpress_logged_in_1=admin%7C{value}; other={value}"),
    "set-cookie": lambda value: in_reply({}, ("Set-Cookie", f"session={value}; HttpOnly")),
    "nonce in the query": lambda value: in_query(f"_wpnonce={value}"),
    "key in the query": lambda value: in_query(f"consumer_key={value}&a=b"),
    "token in a nested URL": lambda value: in_query("next=" + quote_plus(f"/x?token={value}")),
    "application password in JSON": lambda value: in_request({"application_password": value}),
    "secret in JSON in a text": lambda value: in_request({"payload": json.dumps({"client_secret": value})}),
    "secret in JSON in JSON in a text": lambda value: in_reply({"a": json.dumps({"b": json.dumps({"api_key": value})})}),
    "secret object": lambda value: in_request({"credentials": {"left": [value]}}),
    "secret of a webhook": lambda value: in_reply({"webhook": {"signing_secret": value}}),
    "client token": lambda value: in_reply({"client_token": value}),
    "password in a form": lambda value: in_form(f"user_password={value}&x=1"),
    "password in an array of a form": lambda value: in_form(f"account%5Bpassword%5D={value}"),
    "password in a multipart form": lambda value: multipart("password", value),
    "token in a path": lambda value: (f"/wp-json/reset-token/{value}", {}, None, [], {}),
    "token as a segment of a URL": lambda value: in_reply({"url": f"https://pay.example/receipts/{value}AbCdEfGh12"}),
    "key of a webhook's URL": lambda value: in_query(f"key={value}"),
    "command line": lambda value: in_reply({"log": f"curl -u admin:{value} https://shop.example"}),
    "token in a redirect": lambda value: in_reply({}, ("Location", f"https://shop.example/?access_token={value}#auth={value}")),
    "user and password in a URL": lambda value: in_reply({"url": f"https://user:{value}@host.example/x"}),
    "password in HTML": lambda value: in_reply({"html": f'<input type="hidden" name="_wpnonce" value="{value}">'}),
    "password in a log text": lambda value: in_reply({"log": f"login failed, password: {value}"}),
    "cut JSON": lambda value: (PATH, {"Content-Type": "application/json"}, f'{{"a": 1, "secret_key": "{value}'.encode(), [], {}),
    "PHP serialized": lambda value: in_reply({"meta": f'a:1:{{s:8:"password";s:{len(value)}:"{value}";}}'}),
    "array of pairs": lambda value: in_reply({"meta_data": [{"key": "_stripe_secret", "value": value}]}),
    "secret that stands elsewhere too": lambda value: in_request({"password": value, "title": f"uses {value} as it is"}),
}
MAIL_FORMS: dict[str, Callable[[str], Form]] = {
    "field": lambda value: in_request({"email": value}),
    "in capitals": lambda value: in_reply({"email": value.upper()}),
    "unknown field": lambda value: in_reply({"anything": value}),
    "key of an object": lambda value: in_reply({"by_customer": {value: 1}}),
    "list": lambda value: in_reply({"email_aliases": [value]}),
    "sentence": lambda value: in_reply({"message": f"Sent to {value}."}),
    "percent-encoded": lambda value: in_query(f"search={quote(value, safe='')}"),
    "percent-encoded twice": lambda value: in_query(f"u={quote(quote(quote('a=' + value, safe=''), safe=''), safe='')}"),
    "path": lambda value: (f"/wp-json/fluent-cart/v2/customers/{quote(value)}", {}, None, [], {}),
    "raw path": lambda value: (f"/wp-json/fluent-cart/v2/customers/{value}", {}, None, [], {}),
    "HTML entities": lambda value: in_reply({"html": f"<b>{value.replace('@', '&#64;').replace('.', '&#x2e;')}</b>"}),
    "named entity": lambda value: in_reply({"html": html.escape(f"'{value}' & more").replace("@", "&commat;")}),
    "escapes of JSON": lambda value: (PATH, {}, f'{{"x": "{value}"}}'.replace("@", "\\u0040").encode(), [], {}),
    "escapes in a text": lambda value: in_reply({"x": value.replace("@", "\\u0040")}),
    "base64": lambda value: in_reply({"blob": b64(f"to={value};")}),
    "base64url": lambda value: in_reply(
        {"blob": base64.urlsafe_b64encode(f"{{'u':'{value}??>>'}}".encode()).decode().rstrip("=")}
    ),
    "hexadecimal": lambda value: in_reply({"blob": value.encode().hex()}),
    "user agent": lambda value: in_headers(User_Agent=f"Shop/1.0 (+mailto:{value})"),
    "from header": lambda value: in_headers(From=value, X_User_Email=value),
    "link header": lambda value: in_reply({}, ("Link", f'<https://shop.example/?email={value}>; rel="x"')),
    "multipart": lambda value: multipart("contact", value),
    "file name": lambda value: multipart("file", "content", f'; filename="{value}.csv"'),
    "content of a file": lambda value: multipart("file", f"a,{value}", '; filename="a.csv"'),
    "XML": lambda value: in_reply({"xml": f"<user><mail>{value}</mail></user>"}),
    "plain text": lambda value: in_reply(f"Error for {value}\n".encode(), ("Content-Type", "text/plain")),
    "UTF-16": lambda value: (PATH, {"Content-Type": "application/json"}, json.dumps({"email": value}).encode("utf-16"), [], {}),
    "gzip": lambda value: in_reply(gzip.compress(json.dumps({"e": value}).encode()), ("Content-Encoding", "gzip")),
    "hidden at sign": lambda value: in_reply({"t": value.replace("@", " [at] ")}),
    "hash of its picture": lambda value: in_reply(
        {"email": value, "photo": f"https://pictures.example/avatar/{hashlib.sha256(value.encode()).hexdigest()}?s=100"}
    ),
    "quoted-printable": lambda value: in_reply({"mail": value.replace("@", "=40")}),
    "sign in an element": lambda value: in_reply({"html": value.replace("@", "<span>@</span>")}),
    "part before the at sign": lambda value: in_reply({"email": value, "slug": value.partition("@")[0]}),
    "gzip of a request": lambda value: in_request(gzip.compress(json.dumps({"e": value}).encode()), Content_Encoding="gzip"),
    "query of a form": lambda value: in_form(f"data={quote_plus(json.dumps({'billing': {'email': value}}))}"),
}
NAME_FORMS: dict[str, Callable[[str], Form]] = {
    "first name": lambda value: in_request({"first_name": value}),
    "camel case": lambda value: in_reply({"billingLastName": value}),
    "name of a customer": lambda value: in_reply({"customer": {"name": value}}),
    "holder of a card": lambda value: in_reply({"card": {"holder": value, "brand": "visa"}}),
    "field of a form": lambda value: in_form(f"billing%5Bfirst_name%5D={value}"),
    "sentence after its field": lambda value: in_reply({"customer": {"full_name": f"Ada {value}"}, "log": f"{value} called."}),
    "sentence before its field": lambda value: in_reply({"a_log": f"Refund for {value}", "customer": {"last_name": value}}),
    "street": lambda value: in_reply({"billing_address": {"address_1": f"12 {value} Road", "city": "X"}}),
    "city": lambda value: in_reply({"shipping": {"city": value}}),
    "whole address": lambda value: in_reply(
        {"formatted_address": {"full_address": f"1 {value} Road, Springfield, Germany (DE)"}}
    ),
    "company": lambda value: in_reply({"company_name": f"{value} Ltd"}),
    "note": lambda value: in_request({"refund_info": {"reason": f"{value} was not happy"}}),
    "customer note": lambda value: in_reply({"order": {"customer_note": f"Ring at {value}"}}),
    "login": lambda value: in_reply({"user": {"user_login": value}}),
    "meta of WordPress": lambda value: in_reply({"meta": [{"meta_key": "billing_first_name", "meta_value": value}]}),
    "name before an address": lambda value: in_reply({"to": f"{value} Smith <x@y.example>"}),
    "salutation": lambda value: in_reply({"text": f"Dear {value}, your order is refunded."}),
    "person without a name field": lambda value: in_reply({"created_by": f"Ada {value}"}),
    "variable of GraphQL": lambda value: in_request({"query": f'mutation {{ c(firstName: "{value}") {{ id }} }}'}),
    "name in a file name": lambda value: in_reply({"customer": {"first_name": value}, "pdf": f"https://x.example/{value}_1.pdf"}),
    "name with an umlaut's entity": lambda value: in_reply({"last_name": f"M\u00fc{value}", "html": f"<p>M&uuml;{value}</p>"}),
    "column of a table": lambda value: in_reply(f"id;last_name\n7;{value}\n".encode(), ("Content-Type", "text/csv")),
    "element in an element": lambda value: in_reply({"xml": f"<customer><name>{value} Smith</name></customer>"}),
    "area of a form": lambda value: in_reply({"html": f'<textarea name="customer_note">{value} rings</textarea>'}),
    "address of a delivery": lambda value: in_reply({"shipTo": {"name": f"{value} Smith", "line1": "1 Road"}}),
    "lines of a text": lambda value: in_reply({"text": f"Name: {value} Smith\nOrder: 7"}),
    "XML element": lambda value: in_reply({"xml": f"<Customer><FirstName>{value}</FirstName></Customer>"}),
}
NUMBER_FORMS: dict[str, tuple[str, Callable[[str], Form]]] = {
    "phone field": ("+49 151 23456701", lambda value: in_request({"phone": value})),
    "phone in a sentence": ("+49 (151) 234567-02", lambda value: in_reply({"note_text": f"Call {value} first"})),
    "phone as a number": ("4915123456703", lambda value: in_reply({"mobile": int(value)})),
    "card number": ("4000056655665556", lambda value: in_reply({"text": f"card {value}"})),
    "card number with spaces": ("5555 5555 5555 4444", lambda value: in_request({"x": value})),
    "card field": ("378282246310005", lambda value: in_request({"card": {"number": value, "cvc": "9731"}})),
    "last digits": ("8361", lambda value: in_reply({"pm_data_last4": value})),
    "last digits as a number": ("8362", lambda value: in_reply({"card_last_4": int(value)})),
    "last digits in a sentence": ("8363", lambda value: in_reply({"title": f"Visa ending in {value}"})),
    "last digits after dots": ("8364", lambda value: in_reply({"title": f"Visa •••• {value}"})),
    "IPv4": ("93.184.216.31", lambda value: in_reply({"ip_address": value})),
    "IPv4 in a header": ("93.184.216.32", lambda value: in_headers(X_Forwarded_For=f"{value}, 10.0.0.1")),
    "IPv6": ("2a00:1450:4001:81b::2004", lambda value: in_reply({"log": f"from {value}."})),
    "postcode": ("SW1A 2AA", lambda value: in_reply({"billing": {"postcode": value}})),
    "date of birth": ("1987-03-27", lambda value: in_reply({"customer": {"date_of_birth": value}})),
    "account number": ("DE89 3704 0044 0532 0130 00", lambda value: in_reply({"t": f"IBAN {value}"})),
    "tax number": ("DE123456788", lambda value: in_reply({"vat_number": value})),
    "expiry of a card": ("09/2031", lambda value: in_reply({"pm_data_expiration_date": value})),
}
ALL_FORMS: list[tuple[str, str, Form]] = [
    *((f"secret: {name}", WORD.format(i), form(WORD.format(i))) for i, (name, form) in enumerate(SECRET_FORMS.items())),
    *((f"e-mail: {name}", MAIL.format(i), form(MAIL.format(i))) for i, (name, form) in enumerate(MAIL_FORMS.items())),
    *(
        (f"name: {name}", NAME.format(c), form(NAME.format(c)))
        for c, (name, form) in zip(ascii_lowercase, NAME_FORMS.items(), strict=False)
    ),
    *((name, value, form(value)) for name, (value, form) in NUMBER_FORMS.items()),
]


def record(form: Form, folder: Path) -> str:
    """Record one exchange, and return the text of the file."""
    path, headers, body, reply_headers, reply = form
    content = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    with PreparedService() as service, recording(service.url, folder / "r.json") as proxy:
        service.reply = (200, [*reply_headers, ("Content-Length", str(len(content)))], content)
        exchange(proxy.address, http_request("POST", path, headers, body))
        assert path in [target for _, target, _, _ in service.requests]
    return (folder / "r.json").read_bytes().decode()


def decoded(text: str) -> str:
    """Return a text with everything that is encoded in it, decoded in many ways."""
    found = [text]
    for _ in range(4):
        last = found[-1]
        last = html.unescape(unquote_plus(last))
        last = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), last).replace("\\", "")
        found.append(last)
    for token in re.findall(r"[A-Za-z0-9+/_-]{8,}", text):
        for read in (base64.b64decode, base64.urlsafe_b64decode, lambda part: bytes.fromhex(part.rstrip(b"=").decode())):
            try:
                found.append(read(token.encode() + b"=" * (-len(token) % 4)).decode("utf-8", "replace"))
            except ValueError:
                continue
    return "\n".join(found)


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("value", "form"), [pytest.param(value, form, id=name) for name, value, form in ALL_FORMS])
def test_a_planted_value_is_not_in_the_file(value: str, form: Form, tmp_path: Path) -> None:
    written = decoded(record(form, tmp_path)).casefold()

    assert value.casefold() not in written
    assert value.partition("@")[0].casefold() not in written
    assert re.sub(r"\W", "", value).casefold() not in re.sub(r"[^\w\n]", "", written) or len(value) < 6
