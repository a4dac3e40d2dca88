"""For tests: a sandbox in a thread or elsewhere, orders to make, failures to arm, refunds to assert.

`Sandbox` is where it begins; README has examples for pytest, unittest and other languages.
"""

from sandbox.testing.apis import FluentCart, FluentCartOrder, FunnelFox, FunnelFoxOrder, Order, Refund
from sandbox.testing.client import CallFailed, Client, Refused, Unreachable
from sandbox.testing.entries import Entry
from sandbox.testing.inprocess import InProcess
from sandbox.testing.sandbox import Sandbox
from sandbox.testing.webhooks import Webhooks
from sandbox.testing.workspace import Workspace

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
