"""For tests: a sandbox in a thread or elsewhere, orders to make, failures to arm, refunds to assert.

`Sandbox` is where it begins; README has examples for pytest, unittest and other languages.
"""

from refund_sandbox.testing.apis import FluentCart, FluentCartOrder, FunnelFox, FunnelFoxOrder, Order, Refund
from refund_sandbox.testing.client import CallFailed, Client, Refused, Unreachable
from refund_sandbox.testing.entries import Entry
from refund_sandbox.testing.inprocess import InProcess
from refund_sandbox.testing.sandbox import Sandbox
from refund_sandbox.testing.webhooks import Webhooks
from refund_sandbox.testing.workspace import Workspace

__all__ = [
    "CallFailed",
    "Client",
    "Entry",
    "FluentCart",
    "FluentCartOrder",
    "FunnelFox",
    "FunnelFoxOrder",
    "InProcess",
    "Order",
    "Refund",
    "Refused",
    "Sandbox",
    "Unreachable",
    "Webhooks",
    "Workspace",
]
