"""A running sandbox for the commands that call one."""

from tests.support.sandbox_fixtures import sandbox, server

__all__ = ["sandbox", "server"]
