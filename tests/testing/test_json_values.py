"""Values as people write them: amounts, times, durations, orders by id, settings, and misspelt options."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from refund_sandbox.settings import SettingsError
from refund_sandbox.testing import CallRejected, Sandbox


@pytest.mark.parametrize("amount", ["9.99", Decimal("9.99"), 9.99])
def test_a_funnelfox_amount_is_any_number(sandbox: Sandbox, amount: Any) -> None:
    order = sandbox.funnelfox.order(amount=amount, refunded=Decimal("1.10"))

    assert (order.document["amount"], [one.amount for one in order.refunds()]) == ("9.99", ["1.10"])
    sandbox.assert_refunded(order, amount, times=0)


def test_what_was_paid_for_a_funnelfox_order_is_any_number(sandbox: Sandbox) -> None:
    assert sandbox.funnelfox.order(paid=9.99).document["amount"] == "9.99"


@pytest.mark.parametrize(("amount", "text"), [(5, "5"), (Decimal("1E+1"), "10"), (0.1 + 0.2, "0.30000000000000004")])
def test_an_amount_is_taken_as_it_prints(sandbox: Sandbox, amount: Any, text: str) -> None:
    if len(text) > 4:
        with pytest.raises(CallRejected, match="/amount"):
            sandbox.funnelfox.order(amount=amount)
    else:
        assert Decimal(sandbox.funnelfox.order(amount=amount).document["amount"]) == Decimal(text)


@pytest.mark.parametrize("amount", [10000, "10000", Decimal(10000), Decimal("10000.00"), 10000.0])
def test_a_fluentcart_amount_is_a_whole_number(sandbox: Sandbox, amount: Any) -> None:
    order = sandbox.fluentcart.order(paid=amount)

    assert order.document["total_paid"] == 10000
    sandbox.assert_refunded(order, amount, times=0)


@pytest.mark.parametrize("amount", [25.5, Decimal("25.50"), "25.50"])
def test_a_fraction_of_a_minor_unit_is_refused(sandbox: Sandbox, amount: Any) -> None:
    with pytest.raises(ValueError, match=r"paid=25\.50? is no whole number of minor units\. Use 2500 for 25\.00\."):
        sandbox.fluentcart.order(paid=amount)


BERLIN = timezone(timedelta(hours=1))
TIMES = [
    datetime(2026, 1, 2),
    datetime(2026, 1, 2, tzinfo=UTC),
    datetime(2026, 1, 2, 1, tzinfo=BERLIN),
    date(2026, 1, 2),
    "2026-01-02",
    "2026-01-02 00:00:00",
    "2026-01-02T00:00:00Z",
    1767312000,
    1767312000.0,
]


@pytest.mark.parametrize("at", TIMES, ids=map(repr, TIMES))
def test_the_clock_is_frozen_at_any_form_of_a_time(sandbox: Sandbox, at: Any) -> None:
    sandbox.freeze(at)

    assert sandbox.now() == datetime(2026, 1, 2, tzinfo=UTC)


DURATIONS = [timedelta(hours=1, minutes=30), "1h30m", "90m", 5400, 5400.0, "1.5h", "1 hour 30 minutes", "PT1H30M"]


@pytest.mark.parametrize("by", DURATIONS, ids=map(repr, DURATIONS))
def test_the_clock_is_advanced_by_any_form_of_a_duration(sandbox: Sandbox, by: Any) -> None:
    sandbox.freeze("2026-01-02")

    sandbox.advance(by)

    assert sandbox.now() == datetime(2026, 1, 2, 1, 30, tzinfo=UTC)


def test_a_part_of_a_second_counts(sandbox: Sandbox) -> None:
    sandbox.freeze("2026-01-02")

    sandbox.advance(timedelta(milliseconds=1500))

    assert sandbox.now() == datetime(2026, 1, 2, 0, 0, 1, 500_000, tzinfo=UTC)


@pytest.mark.parametrize("at", ["noon", 1767312000000, True and "31.12.2026"])
def test_a_time_in_another_form_is_refused_with_the_forms(sandbox: Sandbox, at: Any) -> None:
    with pytest.raises(CallRejected, match=r"^/now: must be a time such as 2026-01-02T03:04:05Z, 2026-01-02 03:04:05"):
        sandbox.freeze(at)


def test_a_duration_in_another_form_is_refused_with_the_forms(sandbox: Sandbox) -> None:
    with pytest.raises(CallRejected, match=r"^/by: must be a duration such as 90s, 1h30m, 2w or 30 days"):
        sandbox.advance("soon")


def test_an_order_has_times_of_python(sandbox: Sandbox) -> None:
    at = datetime(2026, 1, 2, 3, 4, 5)

    assert sandbox.funnelfox.order(created_at=at).document["created_at"].startswith("2026-01-02T03:04:05")
    assert sandbox.fluentcart.order(created_at=at).document["created_at"] == "2026-01-02 03:04:05"


def test_an_order_may_be_given_by_its_id(sandbox: Sandbox) -> None:
    shop_order, order = sandbox.fluentcart.order(paid=10000, refunded=1000), sandbox.funnelfox.order(amount="9.99")
    (fault,) = sandbox.fault("reply_lost", order=shop_order.id)
    info = {"transaction_id": shop_order.transaction_id, "amount": 2500}
    url = f"{sandbox.fluentcart.url}/orders/{shop_order.id}/refund"
    with pytest.raises(httpx2.ReadError):
        httpx2.post(url, json={"refund_info": info}, auth=sandbox.fluentcart.auth)

    assert (fault["api"], fault["match"]) == ("fluentcart", {"order_id": shop_order.id})
    sandbox.assert_refunded(shop_order.id, 2500)
    sandbox.assert_refunded(str(shop_order.id), 2500)
    sandbox.assert_refunded(order.id, "9.99", times=0)
    assert [request.order for request in sandbox.requests(order=shop_order.id)] == [str(shop_order.id)]
    with pytest.raises(CallRejected, match="Order 4711 not found in funnelfox or fluentcart"):
        sandbox.assert_refunded(4711, 1)


@pytest.mark.parametrize("settings", [{"fluentcart_version": "1.3.25"}, {"fluentcart": {"version": "1.3.25"}}])
def test_settings_are_flat_or_nested(sandbox: Sandbox, settings: dict[str, Any]) -> None:
    current = sandbox.settings(**settings, funnelfox_settle_after=timedelta(hours=2), validation="live")

    assert (current["fluentcart"]["version"], current["validation"]) == ("1.3.25", "live")
    assert current["funnelfox"]["settle_after"] in ("2h", "7200s", "7200.0s")


UNKNOWN = {
    "a setting": (lambda sandbox: sandbox.settings(validatoin="live"), "setting 'validatoin'. Did you mean 'validation'?"),
    "a flat setting": (
        lambda sandbox: sandbox.settings(fluentcart_verson="1.3.25"),
        "setting 'fluentcart_verson'. Did you mean 'fluentcart_version'?",
    ),
    "a nested setting": (
        lambda sandbox: sandbox.settings(fluentcart={"verson": "1"}),
        "setting of fluentcart 'verson'. Did you mean 'version'?",
    ),
    "a field of a fault": (
        lambda sandbox: sandbox.fault("reply_lost", tims=2),
        "field of a fault 'tims'. Did you mean 'times'?",
    ),
    "an option": (lambda _: Sandbox(validatoin="live"), "option 'validatoin'. Did you mean 'validation'?"),  # type: ignore[call-arg]
}


@pytest.mark.parametrize(("call", "message"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_misspelt_option_is_a_type_error(sandbox: Sandbox, call: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        call(sandbox)

    assert str(caught.value) == f"Unknown {message}"


def test_an_option_with_an_invalid_value_is_named() -> None:
    with pytest.raises(SettingsError, match="--validation"):
        Sandbox(validation="lenient")


def test_a_sandbox_that_was_not_started_says_so() -> None:
    with pytest.raises(RuntimeError, match="The sandbox is not running"):
        _ = Sandbox().fluentcart


def test_an_amount_in_the_other_unit_gets_a_hint(sandbox: Sandbox) -> None:
    order = sandbox.fluentcart.order(paid=10000)
    info = {"transaction_id": order.transaction_id, "amount": 2500}
    httpx2.post(f"{sandbox.fluentcart.url}/orders/{order.id}/refund", json={"refund_info": info}, auth=sandbox.fluentcart.auth)

    with pytest.raises(AssertionError, match=r"Amounts of fluentcart are in minor units: 2500\.") as caught:
        sandbox.assert_refunded(order, "25.00")

    assert "a refund of 2500\n" in str(caught.value)


def test_a_failure_has_the_amounts_of_the_api(sandbox: Sandbox) -> None:
    order = sandbox.funnelfox.order(amount="9.99")
    body = {"external_id": order.external_id, "order_id": order.id, "amount": "4.99"}
    httpx2.post(f"{sandbox.funnelfox.url}/payment/refund", json=body, headers=sandbox.funnelfox.headers)

    with pytest.raises(AssertionError, match=r"a refund of 4\.99$") as caught:
        sandbox.assert_refunded(order, "5.00")

    assert "499" not in str(caught.value).replace("4.99", "")


def test_a_refusal_begins_with_what_is_wrong(sandbox: Sandbox) -> None:
    with pytest.raises(CallRejected) as caught:
        sandbox.fluentcart.order(payd=1)

    assert str(caught.value).startswith("Unknown field 'payd'.")
