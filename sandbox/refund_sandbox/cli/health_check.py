"""Health check of the image: `python -m refund_sandbox.cli.health_check`. Exit code 0 if the server answers.

Docker runs it with the variables of the container. The options of `serve` are in the command line of process 1.
It imports little, because it runs every few seconds.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.request import urlopen

from refund_sandbox.cli.addresses import local_url
from refund_sandbox.settings import read_address

_TIMEOUT_S = 2.0


def find_url(arguments: Sequence[str]) -> str:
    """Return the URL of a server with these arguments."""
    flags: dict[str, str | None] = {}
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        flag, has_value, value = argument.partition("=")
        if flag in ("--host", "--port"):
            flags[flag.removeprefix("--")] = value if has_value else following
    return local_url(*read_address(flags))


def main(pid: str = "1") -> None:
    """Check the server that a process was started for."""
    arguments = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    try:
        urlopen(f"{find_url(arguments)}/_sandbox/health", timeout=_TIMEOUT_S).close()  # noqa: S310 - a local URL
    except OSError as error:
        sys.exit(f"refund-sandbox: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
