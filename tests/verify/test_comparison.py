"""The comparison of two replies, and the report of the results."""

import json
from typing import Any

import pytest

from refund_sandbox.core.masks import Masks
from refund_sandbox.verify.comparison import ReceivedReply, compare
from refund_sandbox.verify.form_comparison import compare_forms
from refund_sandbox.verify.report import Report, Row, as_document, as_markdown, as_text

JSON_TYPE = {"content-type": "application/json; charset=UTF-8"}
BODY = {"id": 7, "amount": "9.99", "paid": True, "at": "2026-11-29 10:00:00", "rows": [{"n": 1}, {"n": 2}], "note": None}
NO_MASKS = Masks()
REPLY = ReceivedReply(200, JSON_TYPE, BODY)


def changed(**fields: Any) -> ReceivedReply:
    return ReceivedReply(200, JSON_TYPE, {**BODY, **fields})


def paths(got: ReceivedReply, masks: Masks = NO_MASKS) -> list[str]:
    return [difference.path for difference in compare(REPLY, got, masks)]


def test_a_reply_is_alike_to_itself_whatever_the_case_of_its_content_type() -> None:
    assert paths(ReceivedReply(200, {"content-type": "Application/JSON;charset=utf-8"}, BODY)) == []


@pytest.mark.parametrize(
    ("got", "path"),
    [
        (ReceivedReply(404, JSON_TYPE, BODY), "status"),
        (ReceivedReply(200, {"content-type": "text/html"}, BODY), "headers.content-type"),
        (ReceivedReply(200, {}, BODY), "headers.content-type"),
        (ReceivedReply(200, JSON_TYPE, "text"), "body"),
        (ReceivedReply(200, JSON_TYPE, None), "body"),
        (ReceivedReply(200, JSON_TYPE, {name: BODY[name] for name in BODY if name != "note"}), "body.note"),
        (changed(extra=None), "body.extra"),
        (changed(id="7"), "body.id"),
        (changed(id=True), "body.id"),
        (changed(amount=9.99), "body.amount"),
        (changed(paid=1), "body.paid"),
        (changed(note=""), "body.note"),
        (changed(note=[]), "body.note"),
        (changed(rows=[{"n": 2}, {"n": 1}]), "body.rows.order"),
        (changed(rows=[{"n": 1}]), "body.rows.length"),
        (changed(rows=[{"n": 1}, {"n": 3}]), "body.rows[1].n"),
        (changed(rows={"0": {"n": 1}}), "body.rows"),
        (changed(at="2026-11-29 10:00:01"), "body.at"),
    ],
)
def test_every_kind_of_difference_is_found_at_its_place(got: ReceivedReply, path: str) -> None:
    assert paths(got) == [path]


@pytest.mark.parametrize(("value", "is_alike"), [("2020-01-01 00:00:00", True), ("", False), (None, False), (5, False)])
def test_only_the_type_of_a_masked_field_matters(value: Any, is_alike: bool) -> None:
    assert (paths(changed(at=value), Masks(fields=frozenset({"at"}))) == []) is is_alike


def test_a_masked_text_is_alike_and_the_text_around_it_is_compared() -> None:
    masks = Masks(texts={r"\bre_\w+": "re_#"})
    live = ReceivedReply(200, {}, "refund re_1 of order 7")

    assert compare(live, ReceivedReply(200, {}, "refund re_2 of order 7"), masks) == []
    assert len(compare(live, ReceivedReply(200, {}, "refund re_2 of order 8"), masks)) == 1


SHOP = {"total": 5, "name": "a", "rows": [{"n": 1}], "days": {"2026-11-01": {"sum": 1}, "2026-11-02": {"sum": 2}}}


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"total": 6.5, "name": "b", "rows": [{"n": 2}, {"n": 3}], "days": {"2026-12-24": {"sum": 3}}}, []),
        ({"total": None, "rows": [], "days": []}, []),
        ({"total": "5"}, ["body.total"]),
        ({"total": True}, ["body.total"]),
        ({"name": {}}, ["body.name"]),
        ({"rows": {"n": 1}}, ["body.rows"]),
        ({"rows": [{"n": "1"}]}, ["body.rows[0].n"]),
        ({"rows": [{}]}, ["body.rows[0].n"]),
        ({"more": None}, ["body.more"]),
        ({"days": {"2026-11-01": {"sum": "1"}}}, ["body.days.*.sum"]),
        ({"days": {"sum": 1}}, ["body.days.sum"]),
    ],
)
def test_a_form_is_the_names_of_fields_and_the_types_of_values(change: dict[str, Any], places: list[str]) -> None:
    live, own = ReceivedReply(200, JSON_TYPE, SHOP), ReceivedReply(200, JSON_TYPE, {**SHOP, **change})

    assert [one.path for one in compare_forms(live, own, NO_MASKS)] == places


def test_a_form_has_a_status_and_headers_and_shows_no_data() -> None:
    live, own = ReceivedReply(200, JSON_TYPE, {"name": "Ada"}), ReceivedReply(404, {}, {"name": 5})

    found = compare_forms(live, own, NO_MASKS)

    assert [one.path for one in found] == ["status", "headers.content-type", "body.name"]
    assert (found[-1].expected, found[-1].got) == ("a text", "a number")


def test_reads_that_are_alike_by_their_form_share_a_line() -> None:
    alike = [Row(f"The form of /{path}", "", "measured", "alike", compares="form") for path in "abc"]
    untried = [Row("The form of /d", "", "assumed", "not tried", "no reply", compares="form")]

    lines = as_text(Report({}, [*alike, *untried])).splitlines()

    assert "alike      measured  The form of 3 other reads" in lines
    assert lines[-3:] == ["             The form of 1 other read", "", "4 behaviours: 3 alike, 1 not tried."]
    assert "The form of /b" in as_markdown(Report({}, alike))


def report() -> Report:
    got = ReceivedReply(500, JSON_TYPE, {**BODY, "api_key": "sk_live_1", "note": "\x1b[31m" + "x" * 200})
    differences = tuple(compare(REPLY, got))
    rows = (
        Row("The order", "getOrder", "measured", "differs", "", "", "GET /orders/7", differences, REPLY, got),
        Row("A refund", "refundOrder", "measured", "not tried", "no --refund " * 20),
    )
    return Report({"Live service": "https://shop.example/" + "y" * 100}, rows)


def test_the_report_fits_a_terminal_and_shows_no_secret_and_no_control_character() -> None:
    text = as_text(report())

    assert max(map(len, text.splitlines())) <= 80
    assert "status" in text
    assert "2 behaviours: 1 differs, 1 not tried." in text
    for shown in (text, as_markdown(report()), json.dumps(as_document(report()))):
        assert "sk_live_1" not in shown
        assert "\x1b" not in shown


def test_only_a_difference_that_is_claimed_as_measured_counts() -> None:
    rows = [Row("a", "b", certainty, "differs") for certainty in ("documented", "assumed", "measured")]

    assert not Report({}, rows[:2]).has_measured_difference
    assert Report({}, rows).has_measured_difference
