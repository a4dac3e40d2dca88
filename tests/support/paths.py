"""Folders and files of the checkout that tests read."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "sandbox"
README = ROOT / "README.md"
RECORDINGS = ROOT / "tests" / "conformance" / "fluentcart-1.3.25"
CONTRIBUTED = ROOT / "tests" / "conformance" / "contributed"
SHOP_RECORDINGS = ROOT / "tests" / "conformance" / "fluentcart-1.5.2-shop"
