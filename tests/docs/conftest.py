"""A running sandbox for the pages about its replies."""

from tests.support.sandbox_fixtures import sandbox, server

__all__ = ["sandbox", "server"]
