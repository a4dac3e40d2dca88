"""Figures in the text that follow from the specs and the recordings."""

import yaml

from tests.conformance.test_shop_recordings import MISSES, cases
from tests.support.paths import ROOT

METHODS = {"get", "put", "post", "patch", "delete"}


def number_of_operations(api: str) -> int:
    paths = yaml.safe_load((ROOT / "specs" / f"{api}.yaml").read_text(encoding="utf-8"))["paths"]
    return sum(len(METHODS & set(operations)) for operations in paths.values())


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_readme_counts_the_operations() -> None:
    funnelfox, fluentcart = number_of_operations("funnelfox"), number_of_operations("fluentcart")

    assert f"It serves {funnelfox} operations of FunnelFox Billing and {fluentcart} of FluentCart" in read("README.md")


def test_the_guide_counts_the_recorded_requests_to_the_shop() -> None:
    recorded = len(cases())

    text = read("docs/guides/the-shop-around-a-refund.md")
    assert f"{recorded - len(MISSES)} of {recorded} recorded requests get the recorded reply" in text
