"""For tests: a sandbox in a thread or elsewhere, orders to make, failures to arm, refunds to assert.

`Sandbox` is where it begins; docs/get-started/ has examples for pytest, unittest and other languages.
"""

from refund_sandbox.testing.api_clients import FluentCart, FluentCartOrder, FunnelFox, FunnelFoxOrder, Order, Refund
from refund_sandbox.testing.control_client import CallFailed, Client, Refused, Unreachable
from refund_sandbox.testing.inprocess import InProcess
from refund_sandbox.testing.logged_requests import Entry
from refund_sandbox.testing.sandbox import Sandbox
from refund_sandbox.testing.webhook_client import Webhooks
from refund_sandbox.testing.workspace_client import Workspace

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
