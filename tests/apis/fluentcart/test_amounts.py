"""An amount means the same whether it comes as a number or as a text, which the plugin reads alike (group 02)."""

import pytest

from refund_sandbox.apis.fluentcart.errors import PluginCrash
from refund_sandbox.apis.fluentcart.parsing import read_amount
from refund_sandbox.apis.fluentcart.versions import RULES, VERSIONS, Version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("number", [0, 1, -5, 2500, 10**12 - 1, 10**12, 1 - 10**12, -(10**12), 10**13 + 1, 9 * 10**15])
def test_a_whole_number_is_the_same_amount_as_its_text(number: int, version: Version) -> None:
    assert read_amount(number, RULES[version]) == read_amount(str(number), RULES[version])


@pytest.mark.parametrize("number", [9 * 10**15 + 2, 2**53 + 1, 10**17, "1e19", "-9.1e15", "1e400"])
def test_an_amount_beyond_9e15_crashes_since_1_6_2(number: int | str) -> None:
    with pytest.raises(PluginCrash):
        read_amount(number, RULES["1.6.2"])
    assert read_amount(number, RULES["1.5.2"]) is not None


def test_a_boolean_is_not_an_amount() -> None:
    assert read_amount(True, RULES["1.6.2"]) == 0  # a bool is an int to Python


@pytest.mark.parametrize(("version", "minor_units"), [("1.3.25", 2500), ("1.5.2", 2500), ("1.6.2", 25), ("1.6.5", 25)])
def test_the_same_number_is_dollars_or_cents_by_the_version(version: Version, minor_units: int) -> None:
    assert read_amount(25, RULES[version]) == minor_units
