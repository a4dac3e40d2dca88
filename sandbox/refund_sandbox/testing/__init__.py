"""Tools for tests: start or reach a sandbox, create orders, enable faults, assert refunds.

Start with `Sandbox`, or with the pytest fixture `refund_sandbox`. docs/get-started/ has examples.
"""

from refund_sandbox.testing.api_clients import (
    ApiClient,
    FluentCartClient,
    FluentCartOrder,
    FunnelFoxClient,
    FunnelFoxOrder,
    Order,
    Refund,
)
from refund_sandbox.testing.control_client import CallFailed, CallRejected, Client, Unreachable
from refund_sandbox.testing.inprocess import InProcess
from refund_sandbox.testing.logged_requests import LoggedRequest
from refund_sandbox.testing.sandbox import Sandbox
from refund_sandbox.testing.topics import FluentCartTopic, FunnelFoxTopic
from refund_sandbox.testing.webhook_client import WebhookClient
from refund_sandbox.testing.workspace_client import WorkspaceClient

__all__ = [
    "ApiClient",
    "CallFailed",
    "CallRejected",
    "Client",
    "FluentCartClient",
    "FluentCartOrder",
    "FluentCartTopic",
    "FunnelFoxClient",
    "FunnelFoxOrder",
    "FunnelFoxTopic",
    "InProcess",
    "LoggedRequest",
    "Order",
    "Refund",
    "Sandbox",
    "Unreachable",
    "WebhookClient",
    "WorkspaceClient",
]
