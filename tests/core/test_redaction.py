"""Secrets in bodies, URLs and headers are hidden by the names of their values, whatever the notation."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from refund_sandbox.core.redaction import HIDDEN, hide_body, hide_headers, hide_url, hide_value
from refund_sandbox.core.secret_names import is_secret

S = "hush-4711"
SECRET_NAMES = (
    *("password", "Password", "PASSWORD", "PassWord", "new_password", "userPassword", "password_confirmation", "passwd", "pwd"),
    *("user-pwd", "passphrase", "passcode", "user_pass", "pass1", "application_password", "application_passwords"),
    *("secret", "secret_key", "client_secret", "clientSecret", "signing_secret", "token", "refresh_token", "refreshToken"),
    *("refreshtoken", "access-token", "id_token", "x-auth-token", "csrf_token", "tokens", "token_id", "token_value", "api_key"),
    *("apiKey", "API-Key", "apikey", "x-api-key", "private_key", "privateKey", "RSA_PRIVATE_KEY", "stripe_key", "consumer_key"),
    *("session", "session_id", "sessionId", "sessionid", "PHPSESSID", "JSESSIONID", "session_token", "x-session"),
    *("card_number", "cardNumber", "cardnumber", "credit_card_number", "ccnumber", "cvc", "cvv", "CVV2", "card_cvc", "cvc_code"),
    *("jwt", "user_jwt", "jwtToken", "signature", "x-hub-signature-256", "ff-webhook-signature", "nonce", "_wpnonce"),
    *("x-wp-nonce", "cookie", "set-cookie", "cookies", "authorization", "proxy-authorization", "php-auth-pw", "x-csrf", "auth"),
    *(
        "ff-secret-key",
        "ff_secret_key",
        "credentials",
        "otp",
        "pin",
        "pin_code",
        "bearer",
        "a[password]",
        "refund_info[secret][]",
    ),
    *("user.password", "a[0][token]", "password[old]", "card[number]", "cards[0][number]", "api[key]", "security_code"),
)
OPEN_NAMES = (
    *("token_type", "client_token", "clientToken", "payment_method_token", "action_required_token", "resume_token", "max_tokens"),
    *("next_page_token", "token_expires_in", "session_count", "sessionCount", "session_duration", "obsession", "possession"),
    *("secretary", "secretary_id", "cpwdx", "oldpwdx", "announce", "pronounced", "key", "meta_key", "public_key", "primary_key"),
    *("idempotency_key", "keyword", "monkey", "card_last_4", "card_number_last4", "card_brand", "number", "order_number"),
    *("cvc_check", "password_required", "password_changed_at", "signature_version", "cookie_policy", "authorized", "author"),
    *(
        "authorization_type",
        "authorization_status",
        "compass",
        "bypass",
        "passenger",
        "passed",
        "pinned",
        "shipping",
        "pan_europe",
    ),
    *("amount", "order_id", "transaction_id", "reason", "external_id", "vendor_charge_id", "", "_", "7", "é"),
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_a_name_of_a_secret(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize("name", OPEN_NAMES)
def test_a_name_that_only_looks_alike(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    "value",
    [S, 12345678901234, 1.5, True, None, [S], [[S]], {"value": S}, {"a": [{"b": S}]}, [], {}, "", f'{S}"{S}', f"{S}\\"],
)
def test_a_value_of_any_type_is_hidden(value: Any) -> None:
    document = {"a": 1, "nested": [{"password": value, "b": 2}], "token": value, "c": 3}

    assert hide_body(json.dumps(document).encode()) == {"a": 1, "nested": [{"password": HIDDEN, "b": 2}], "token": HIDDEN, "c": 3}


JSON_TEXTS: dict[str, str] = {
    "an escaped name": '{"pass\\u0077ord":"%s"}',
    "an escaped capital": '{"\\u0050assword":"%s","a":1}',
    "a name after a quote": '{"a\\"password":"%s"}',
    "a long name": '{"' + "x" * 300 + '_password":"%s"}',
    "blanks": '{ "password"\n:\t"%s" }',
    "a list": '[{"password":["%s"]}]',
    "the card's number": '{"card":{"number":"%s","brand":"visa"}}',
    "deeper than a list of a hundred": "[" * 300 + '{"password":"%s"}' + "]" * 300,
    "deeper than any reader takes": "[" * 900 + '{"password":"%s"}' + "]" * 900,
    "cut in the value": '{"a":"x","password":"%s',
    "cut in a list": '{"password":["a","%s',
    "cut in an object": '{"secret":{"a":{"b":[1,2,"%s"',
    "cut in a list after an escaped name": '{"pass\\u0077ord":["a","%s',
    "cut after an escaped name": '{"pass\\u0077ord":"%s',
    "cut in an escape": '{"password":"%s\\',
    "a trailing comma": '{"password":"%s",}',
    "the same name twice": '{"password":"a","password":"%s"}',
    "no comma": '{"password":"x" "%s"}',
    "no quotes": "{password:%s,a:1}",
    "single quotes": "{'password':'%s','a':'b'}",
    "an apostrophe before": '{"note": don\'t, "password": "%s"}',
    "a number cut": '{"pin": 1, "cvc": %s',
    "NaN": '{"a": NaN, "password": "%s"}',
    "a comment": '{"password": /* x */ "%s"}',
    "two documents": '{"a":1}{"password":"%s"}',
    "JSON in a string": json.dumps({"payload": '{"password":"%s"}'}),
    "JSON in JSON in a string": json.dumps({"a": json.dumps({"b": '{"password":"%s"}'})}),
    "a form in a string": json.dumps({"payload": "a=1&password=%s&b=2"}),
    "a URL in a string": json.dumps({"return_url": "https://shop.example/back?session_id=%s&a=1"}),
    "a string": json.dumps('{"password":"%s"}'),
}


@pytest.mark.parametrize("text", JSON_TEXTS.values(), ids=JSON_TEXTS)
def test_a_secret_in_json_is_hidden(text: str) -> None:
    sent = text.replace("%s", S)
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"):
        shown = json.dumps(hide_body(sent.encode(encoding), "application/json"))

        assert S not in shown
        assert "\\u0000" not in shown or HIDDEN in shown


@pytest.mark.parametrize("end", range(40))
def test_a_body_may_be_cut_anywhere(end: int) -> None:
    text = json.dumps({"a": [1], "password": {"value": [S, {"deep": S}]}, "b": "x", "card": {"number": S}}).encode()

    assert S[:6] not in json.dumps(hide_body(text[: len(text) - end]))


FORMS: dict[str, str] = {
    "plain": "password=%s",
    "a space": "password=a %s",
    "a plus": "password=a+%s&b=1",
    "an encoded name": "p%61ssword=%s",
    "a name encoded twice": "p%2561ssword=%s",
    "capitals": "PASSWORD=%s",
    "semicolons": "a=1;password=%s;b=2",
    "a semicolon in the value": "password=a;%s",
    "a semicolon and an equals sign in the value": "password=a;b=%s",
    "a line break": "a=1&password=x\n%s",
    "an encoded line break": "a=1&password=x%0A%s",
    "brackets": "refund_info[secret]=%s",
    "encoded brackets": "refund_info%5Bsecret%5D=%s",
    "a list": "a[password][]=%s&a[password][]=%s",
    "the card's number": "card[number]=%s",
    "JSON in a field": "payload=%7B%22password%22%3A%22%s%22%7D&a=1",
    "plain JSON in a field": 'payload={"a":{"password":"%s"}}&a=1',
    "JSON cut in a field": "payload=%7B%22password%22%3A%22%s",
    "a form in a field": "payload=a%3D1%26password%3D%s&b=1",
    "a URL in a field": "url=https%3A%2F%2Fx%2F%3Ftoken%3D%s&b=1",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_secret_in_a_form_or_query_is_hidden(form: str) -> None:
    sent = form.replace("%s", S)

    for shown in (
        hide_body(sent.encode(), "application/x-www-form-urlencoded"),
        hide_url(f"/a/b?{sent}"),
        hide_body(sent.encode()),
    ):
        assert S not in shown
    assert S not in hide_headers({"referer": f"https://shop.example/?{sent}"})["referer"]


PART = "Content-Disposition: form-data; name={}\r\n\r\n{}\r\n"
PARTS: dict[str, tuple[str, str]] = {
    "quoted": ('"password"', S),
    "plain": ("password", S),
    "brackets": ('"a[password]"', S),
    "an encoded name": ('"p%61ssword"', S),
    "an escaped name": ('"pass\\word"', S),
    "several lines": ('"password"', f"a\r\n\r\n{S}"),
    "another alphabet": ("x; name*=utf-8''p%61ssword", S),
    "JSON": ('"payload"', json.dumps({"password": S})),
    "a form": ('"payload"', f"a=1&password={S}"),
}


@pytest.mark.parametrize(("name", "value"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=b-1", 'multipart/form-data; boundary="b-1"', ""])
@pytest.mark.parametrize("end", ["--b-1--\r\n", ""], ids=["whole", "cut"])
def test_a_secret_in_a_multipart_form_is_hidden(name: str, value: str, content_type: str, end: str) -> None:
    body = (
        f"--b-1\r\n{PART.format('note', 'shown')}--b-1\r\n{PART.format(name, value)}--b-1\r\n{PART.format('after', 'last')}{end}"
    )

    shown = hide_body(body.encode(), content_type)

    assert S not in shown
    assert "shown" in shown
    assert "last" in shown


@pytest.mark.parametrize(
    "text",
    [
        "password: {}",
        "password => {}\na => 1",
        "a: 1\npassword: '{}'",
        "<a><password>{}</password></a>",
        "the token = {}",
        "jwt:{}",
    ],
)
def test_a_secret_in_another_notation_is_hidden(text: str) -> None:
    assert S not in hide_body(text.format(S).encode(), "text/plain")


def test_bytes_that_are_no_text_are_shown_without_secrets() -> None:
    shown = hide_body(b'\xff{"password":"' + S.encode() + b'","caf\xe9":1')

    assert S not in shown
    assert "caf\ufffd" in shown


@pytest.mark.parametrize(
    "body",
    [
        {
            "order_id": "1",
            "client_token": "ct",
            "payment_method_token": "pm",
            "description": "no password",
            "note": "a = b; c: d",
        },
        {"token_type": "bearer", "session_count": 3, "secretary": "Ann", "url": "https://shop.example/?page=2&key=1"},
    ],
)
def test_other_values_stay_as_they_are(body: dict[str, Any]) -> None:
    assert hide_body(json.dumps(body).encode()) == body
    assert hide_value(body) == body


@pytest.mark.parametrize(
    "text", ["", "a", "a=1&b=2;c=3", "a%20b=c+d&e", "no password", "12:30 = noon", "{", '{"a":', "a=%7B%7D", "&&=;"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert hide_body(text.encode()) in (text, None)
    assert hide_url(f"/x?{text}") == f"/x?{text}"


def test_a_path_keeps_its_form() -> None:
    assert hide_url("/a=b/c?d=1&token=x#e") == "/a=b/c?d=1&token=***#e"
    assert hide_url(f"/password={quote(S)}/x") == "/password=***/x"


@pytest.mark.parametrize("url", [f"https://user:{S}@host/a", f"postgresql://u:{S}@h:1/x?a=b", f"http://{S}@host"])
def test_a_password_in_a_url_is_hidden(url: str) -> None:
    scheme, _, rest = url.partition("://")
    hidden = f"{scheme}://***@{rest.partition('@')[2]}"

    assert hide_url(url) == hidden
    assert hide_body(json.dumps({"a": url}).encode()) == {"a": hidden}
    assert hide_headers({"referer": url}) == {"referer": hidden}


def test_an_email_address_is_shown() -> None:
    assert hide_value({"a": "ann@example.test", "b": "//x/ann@example.test"}) == {
        "a": "ann@example.test",
        "b": "//x/ann@example.test",
    }


def test_secret_headers_are_hidden() -> None:
    headers = {
        "authorization": S,
        "Set-Cookie": S,
        "PHP-Auth-PW": S,
        "stripe-key": S,
        "link": '<http://a/b>; rel="c"',
        "host": "a",
    }

    assert {name: value for name, value in hide_headers(headers).items() if value != HIDDEN} == {
        "link": headers["link"],
        "host": "a",
    }
