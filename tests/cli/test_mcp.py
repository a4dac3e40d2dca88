"""The sandbox as tools of a coding agent, with the client of the official SDK."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from refund_sandbox.testing import Sandbox
from tests.support.command_line import run

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import TextContent

ORDER_ID = "3c90c3cc-0d44-4b50-8888-8dd25736052a"
Call = Callable[..., Coroutine[Any, Any, Any]]


@asynccontextmanager
async def agent(sandbox: Sandbox) -> AsyncIterator[Call]:
    """Start the command as an agent does. Yield a function that calls a tool and returns its result."""
    environment = {**os.environ, "REFUND_SANDBOX_URL": sandbox.url}
    server = StdioServerParameters(command=sys.executable, args=["-m", "refund_sandbox", "mcp"], env=environment)
    async with Client(stdio_client(server)) as client:

        async def call(tool: str, **arguments: Any) -> Any:
            result = await client.call_tool(tool, arguments)
            texts = [content.text for content in result.content if isinstance(content, TextContent)]
            if result.is_error:
                raise AssertionError(texts[0])
            return json.loads(texts[0]) if len(texts) == 1 and texts[0][:1] in "[{" else texts

        yield call


def converse(sandbox: Sandbox, work: Callable[[Call], Coroutine[Any, Any, None]]) -> None:
    async def session() -> None:
        async with agent(sandbox) as call:
            await work(call)

    anyio.run(session)


def test_an_agent_finds_that_a_lost_reply_was_booked(sandbox: Sandbox) -> None:
    async def work(call: Call) -> None:
        described = await call("describe_sandbox")
        assert described["apis"]["fluentcart"]["base_urls"] == [f"{sandbox.url}/wp-json/fluent-cart/v2"]
        order = await call("create_order", api="fluentcart", fields={"total_paid": 5000})
        await call("enable_fault", scenario="gateway_declined", order=str(order["id"]))

        refunded = await call("refund_order", order=str(order["id"]), amount="2000")

        assert refunded["reply"]["gateway_refund"]["status"] == "failed"
        ledger = await call("read_ledger", order=str(order["id"]))
        assert (ledger["order"]["refunded"], ledger["order"]["left"]) == (2000, 3000)
        requests = await call("read_requests", order=str(order["id"]))
        assert requests["faults"][0]["scenario"] == "gateway_declined"

    converse(sandbox, work)


def test_an_agent_moves_the_clock_and_sends_a_webhook(sandbox: Sandbox) -> None:
    sandbox.webhooks.targets(funnelfox=[{"url": "http://127.0.0.1:1/"}])

    async def work(call: Call) -> None:
        await call("advance_clock", by="2h")
        sent = await call("trigger_webhook", topic="refund/settled", order=ORDER_ID)
        assert sent["topic"] == "refund/settled"
        assert await call("reset_sandbox") == ["Reset."]

    converse(sandbox, work)
    assert sandbox.webhooks.deliveries() == []


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("tool", "arguments", "says"),
    [
        ("refund_order", {"order": "1001", "amount": "25.00"}, "use 2500 for 25.00 USD"),
        ("enable_fault", {"scenario": "replylost"}, "Did you mean 'reply_lost'?"),
        ("read_ledger", {"order": "4711"}, "Order 4711 not found"),
        ("trigger_webhook", {"topic": "refund/setled"}, "Did you mean 'refund/settled'?"),
    ],
)
def test_an_error_says_what_would_be_right(sandbox: Sandbox, tool: str, arguments: dict[str, Any], says: str) -> None:
    async def work(call: Call) -> None:
        with pytest.raises(AssertionError, match=says.replace("?", r"\?")):
            await call(tool, **arguments)

    converse(sandbox, work)


def test_without_the_extra_the_error_names_it(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mcp.server.mcpserver", None)

    done = run(sandbox, "mcp")

    assert (done.exit_code, done.stderr) == (
        2,
        "refund-sandbox: mcp is not installed. Use: pip install 'refund-sandbox[mcp]'\n",
    )
