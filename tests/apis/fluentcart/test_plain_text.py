"""Texts as WordPress cleans them: a label that cleaning would change is refused, notes of a customer are cleaned."""

import pytest
from starlette.testclient import TestClient

from tests.support.fluentcart_calls import call

pytestmark = pytest.mark.memory_only


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("two  spaces\tand\nlines", "two spaces and lines"),
        ("<b>bold</b> text", "bold text"),
        ("before <SCRIPT>alert(1)</script> after", "before after"),
        ("a < b", "a &lt; b"),
        ("a < b > c", "a < b > c"),
        ("open <b", "open &lt;b"),
        ("<script>no end", "no end"),
        ('<b title="a>b">text', "text"),
        ("it's <b it's>bold", "it's"),
        ("<!-- a > b -->c", "c"),
        ("<?php echo 1 ?>rest", "rest"),
        ("a <\nb > c", "a &lt; b > c"),
        ('x <b &amp; "y & z', "x &lt;b &amp; &quot;y &amp; z"),
        ("\u0130<script>x</script>y", "\u0130y"),
        ("<scripty>x</script>y", "y"),
        ("<script>a<style>b</style>c", "ac"),
        ("a <\u00a0b>c", "a c"),
        ("100%25 off", "100 off"),
        ("%%4141rest", "rest"),
        ("50 % off", "50 % off"),
    ],
)
def test_notes_are_stored_as_plain_text(sent: str, stored: str, client: TestClient) -> None:
    reply = call(client, "POST", "/customers", {"full_name": "New Buyer", "email": "new@example.test", "notes": sent})

    assert reply.json()["data"]["notes"] == stored


@pytest.mark.parametrize("value", ["a < b", "<b>bold</b>", "<script>x</script>y", "%41", "a  b", "tab\there"])
def test_a_label_that_is_no_plain_text_is_refused(value: str, client: TestClient) -> None:
    reply = call(client, "POST", "/labels", {"value": value})

    assert reply.json() == {"value": {"sanitizeText": "The value must be a valid text"}}


@pytest.mark.parametrize("value", ["50 % off", "a > b", "5 & 6", "naïve"])
def test_a_label_that_is_plain_text_stays_as_it_is(value: str, client: TestClient) -> None:
    reply = call(client, "POST", "/labels", {"value": value})

    assert reply.json()["data"]["value"] == value


@pytest.mark.parametrize(
    ("email", "status"),
    [("a@b.c", 422), ("a@b.co", 200), ("a@-b.co", 422), ("a@b..co", 422), ("a b@c.co", 422), ("o'neil+x@sub.example", 200)],
)
def test_e_mail_addresses_follow_wordpress(email: str, status: int, client: TestClient) -> None:
    reply = call(client, "POST", "/customers", {"full_name": "New Buyer", "email": email})

    assert reply.status_code == status, reply.text


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("New Thing", "new-thing"),
        ("It's 3.5mm, really!", "its-3-5mm-really"),
        ("Caf\u00e9 Cr\u00e8me \u2014 grande\u2122", "cafe-creme-grande"),
        ("T-Shirt_x (M/L)", "t-shirt_x-m-l"),
        ("Stra\u00dfe \u0141\u00f3d\u017a", "strasse-lodz"),
        ("\u65e5\u672c", "%e6%97%a5%e6%9c%ac"),
        ("A+B & C", "ab-c"),
    ],
)
def test_the_url_of_a_product_is_its_title_without_accents_and_marks(title: str, slug: str, client: TestClient) -> None:
    product = {"post_title": title, "post_status": "publish", "detail": {"fulfillment_type": "physical"}}
    made = call(client, "POST", "/products", product).json()["data"]["ID"]

    assert call(client, "GET", f"/products/{made}").json()["product"]["post_name"] == slug
