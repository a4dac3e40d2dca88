"""Settings of the FluentCart API."""

from collections.abc import Mapping

from msgspec import Struct

from refund_sandbox import setting_values
from refund_sandbox.apis.fluentcart.versions import VERSIONS, Version
from refund_sandbox.settings import Option


class FluentCartSettings(Struct, frozen=True):
    """Behaviour of the FluentCart API."""

    version: Version = VERSIONS[0]
    """Emulated plugin version. Amounts of refunds are minor units since 1.6.2, major units before."""


OPTIONS: Mapping[str, Option] = {
    "version": Option(
        "Emulated FluentCart version; before 1.6.2, amounts are major units.",
        f"{', '.join(VERSIONS[:-1])} or {VERSIONS[-1]}",
        setting_values.read_choice(VERSIONS),
    ),
}
"""Settings that are options of `refund-sandbox serve` too."""
