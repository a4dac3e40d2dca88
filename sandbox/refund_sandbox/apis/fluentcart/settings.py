"""Settings of the FluentCart API."""

from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from refund_sandbox import setting_values
from refund_sandbox.settings import Option

Version = Literal["1.6.2", "1.3.25"]


class FluentCartSettings(Struct, frozen=True):
    """Behaviour of the FluentCart API."""

    version: Version = "1.6.2"
    """Emulated plugin version: 1.6.2 reads amounts in minor units, 1.3.25 in major units."""


OPTIONS: Mapping[str, Option] = {
    "version": Option(
        "Emulated FluentCart version; 1.3.25 takes amounts in major units.",
        " or ".join(get_args(Version)),
        setting_values.read_choice(get_args(Version)),
    ),
}
"""Settings that are options of `refund-sandbox serve` too."""
