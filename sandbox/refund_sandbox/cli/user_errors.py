"""Errors of the command line."""

from errno import EADDRINUSE


class InputError(Exception):
    """A wrong argument or option of a command."""


def listen_error(address: tuple[str, int], error: OSError) -> OSError:
    """Return the error of a server that can't listen on an address, with the address and what would help."""
    hint = ". Use another --port, or 0 for any free one." if error.errno == EADDRINUSE else ""
    return OSError(f"can't listen on {address[0]}:{address[1]}: {error.strerror}{hint}")
