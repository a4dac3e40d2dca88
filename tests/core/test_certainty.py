"""The table of certainties: every operation has one, and a verified version was recorded."""

import json
from collections import defaultdict
from urllib.parse import unquote, urlsplit

import pytest

from refund_sandbox.app import load_apis
from refund_sandbox.core.spec.certainty import WORDS, Certainty, CertaintyTable
from tests.support.paths import RECORDINGS

pytestmark = pytest.mark.memory_only

APIS = load_apis()
RECORDED = {
    "fluentcart-1.3.25": "1.3.25",
    "fluentcart-1.3.25-extra": "1.3.25",
    "fluentcart-1.5.2": "1.5.2",
    "fluentcart-1.5.2-shop": "1.5.2",
}
"""Folders of recordings of an unmodified plugin."""
SEEN_ONLY = {
    *("findSubscriptionVariants", "listUpgradePaths", "getWeeksBetweenRefund", "getOrdersByGroup", "listCouponCodes"),
    *("checkProductEligibility", "listFeedOptions", "getCountryInfo", "getNotification", "recalculateLtv"),
}
"""Operations that a running 1.5.2 answered, without a recording of the reply."""


def recorded_versions() -> dict[str, set[str]]:
    """The versions of which each operation was recorded."""
    found = defaultdict(set)
    for folder, version in RECORDED.items():
        for file in (RECORDINGS.parent / folder).glob("[0-9]*.json"):
            for case in json.loads(file.read_text()):
                path = unquote(urlsplit(case["request"]["path"]).path).partition("/fluent-cart/v2")[2]
                match = APIS["fluentcart"].spec.find(path or "/").get(case["request"]["method"])
                if match:
                    found[match.operation.operation_id].add(version)
    return found


@pytest.mark.parametrize("name", APIS)
def test_every_operation_has_a_known_certainty(name: str) -> None:
    rows = CertaintyTable(APIS[name].spec).rows

    assert {row.operation for row in rows if not row.place} == set(APIS[name].descriptor.operations)
    assert {row.certainty.word for row in rows} <= set(WORDS)


@pytest.mark.parametrize("name", APIS)
def test_what_is_measured_was_verified_with_a_version_on_a_day(name: str) -> None:
    operations = [row for row in CertaintyTable(APIS[name].spec).rows if not row.place]

    assert all(bool(row.certainty.verified) is (row.certainty.word == "measured") for row in operations)


def test_the_verified_versions_are_those_that_were_recorded() -> None:
    recorded = recorded_versions()
    claimed = {
        row.operation: set(row.certainty.verified) for row in CertaintyTable(APIS["fluentcart"].spec).rows if not row.place
    }

    differing = {name for name, versions in claimed.items() if versions and versions != recorded[name]}

    assert differing == SEEN_ONLY


def test_a_field_can_be_less_certain_than_its_reply() -> None:
    table = CertaintyTable(APIS["fluentcart"].spec)
    reply = table.of("getOrder", 200)

    assert reply.versions == "1.3.25 (2026-11-21), 1.5.2 (2026-11-29)"
    assert table.of_field("body.order.order_items[3].is_custom", reply) == Certainty("documented")
    assert table.of_field("body.order.total_paid", reply) == reply
    assert table.of("getOrder", 418) == table.of("noSuchOperation") == Certainty("assumed")


def test_a_reply_can_be_less_certain_than_its_operation() -> None:
    table = CertaintyTable(APIS["funnelfox"].spec)

    assert table.of("refundPayment") == Certainty("documented")
    assert table.of("refundPayment", 400) == Certainty("assumed")
