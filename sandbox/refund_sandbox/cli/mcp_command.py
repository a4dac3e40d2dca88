"""The command `mcp`: the sandbox as tools of a coding agent, by the Model Context Protocol on stdin and stdout."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from refund_sandbox.cli.output import connected, text_of
from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.core.errors import SandboxError

if TYPE_CHECKING:
    from refund_sandbox.testing import Client


@click.command()
@connected
def mcp(client: "Client") -> None:
    """Serve a running sandbox to coding agents. They use the Model Context Protocol on stdin and stdout.

    It needs the extra mcp: pip install 'refund-sandbox[mcp]'.

    \b
    Examples:
      refund-sandbox mcp
      refund-sandbox mcp --workspace agent
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise InputError("mcp is not installed. Use: pip install 'refund-sandbox[mcp]'") from None
    from refund_sandbox.cli.mcp_tools import INSTRUCTIONS, McpTools

    server = MCPServer("refund-sandbox", instructions=INSTRUCTIONS, log_level="WARNING")
    for tool in McpTools(client).all():
        server.add_tool(_with_errors(tool, ToolError))
    server.run("stdio")


def _with_errors(tool: Callable[..., Any], error: type[Exception]) -> Callable[..., Any]:
    """Return the tool with errors that the agent may read: what is wrong, and what would be right."""

    @functools.wraps(tool)
    def run(**arguments: Any) -> Any:
        try:
            return tool(**arguments)
        except (InputError, SandboxError) as wrong:
            raise error(text_of(wrong)) from None

    return run
