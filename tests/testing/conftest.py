"""A running sandbox for the clients of tests."""

from tests.support.sandbox_fixtures import sandbox, server

__all__ = ["sandbox", "server"]
