"""For tests: a sandbox in a thread or elsewhere, orders to make, failures to arm, refunds to assert.

`Sandbox` is where it begins; docs/get-started/ has examples for pytest, unittest and other languages.
"""

from refund_sandbox.testing.api_clients import FluentCartClient, FluentCartOrder, FunnelFoxClient, FunnelFoxOrder, Order, Refund
from refund_sandbox.testing.control_client import CallFailed, CallRejected, Client, Unreachable
from refund_sandbox.testing.inprocess import InProcess
from refund_sandbox.testing.logged_requests import LoggedRequest
from refund_sandbox.testing.sandbox import Sandbox
from refund_sandbox.testing.webhook_client import WebhookClient
from refund_sandbox.testing.workspace_client import WorkspaceClient

__all__ = [
    "CallFailed",
    "CallRejected",
    "Client",
    "FluentCartClient",
    "FluentCartOrder",
    "FunnelFoxClient",
    "FunnelFoxOrder",
    "InProcess",
    "LoggedRequest",
    "Order",
    "Refund",
    "Sandbox",
    "Unreachable",
    "WebhookClient",
    "WorkspaceClient",
]
