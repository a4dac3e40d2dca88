"""Settings of the FunnelFox API."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from refund_sandbox import setting_values
from refund_sandbox.settings import Duration, Option


class FunnelFoxSettings(Struct, frozen=True):
    """Behaviour of the FunnelFox API."""

    envelope: bool = False
    """Wrap FunnelFox responses of status 200 in `{"status", "data", "req_id"}`."""
    error_status: Literal[200, 400, 422] = 400
    """HTTP status of refused refunds and of invalid fields."""
    settle_after: Duration = "0s"
    """Time that an accepted refund stays pending: `0s`, `90s`, `2h`, `3d`."""


OPTIONS: Mapping[str, Option] = {
    "envelope": Option("Wrap FunnelFox responses in {status, data, req_id}.", "true or false", setting_values.read_flag),
}
"""Settings that are options of `refund-sandbox serve` too."""
