"""Arguments that load the plugin into another pytest, also where this package is not installed."""

from importlib.metadata import entry_points

PLUGIN: list[str] = [] if entry_points(group="pytest11", name="refund_sandbox") else ["-p", "refund_sandbox.pytest_plugin"]
