"""A running sandbox for the clients of tests."""

import yaml

from tests.support.sandbox_fixtures import sandbox, server

__all__ = ["sandbox", "server", "yaml"]
"""`yaml` is imported before pytester runs pytest: its parser in C is loaded once, and knows one copy of the module only."""
