"""The command `client`: files for tests and tools in other languages."""

from pathlib import Path

import click

from refund_sandbox.cli.groups import CommandGroup

_FILES = Path(__file__).parent / "client_files"


@click.group(cls=CommandGroup)
def client() -> None:
    """Write a client for another language or tool.

    \b
    Examples:
      refund-sandbox client js > sandbox.mjs
      refund-sandbox client http > sandbox.http
      refund-sandbox client postman > sandbox.postman_collection.json
    """


@client.command("js")
def write_javascript() -> None:
    """Write a JavaScript module for tests. It works in Node, Vitest and Playwright.

    \b
    Examples:
      refund-sandbox client js > sandbox.mjs
    """
    click.echo((_FILES / "sandbox.mjs").read_text(encoding="utf-8"), nl=False)


@client.command("http")
def write_http_file() -> None:
    """Write a .http file with a request of every operation. VS Code and JetBrains send them.

    \b
    Examples:
      refund-sandbox client http > sandbox.http
    """
    from refund_sandbox.cli.request_collections import render_http

    click.echo(render_http(), nl=False)


@client.command("postman")
def write_postman_collection() -> None:
    """Write a Postman collection with every operation. Bruno and Insomnia read it, too.

    \b
    Examples:
      refund-sandbox client postman > sandbox.postman_collection.json
    """
    from refund_sandbox.cli.request_collections import render_postman

    click.echo(render_postman(), nl=False)
