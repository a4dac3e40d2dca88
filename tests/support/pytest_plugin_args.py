"""How a pytest of its own gets the plugin, whether this package is installed with its entry points or not."""

from importlib.metadata import entry_points

PLUGIN: list[str] = [] if entry_points(group="pytest11", name="refund_sandbox") else ["-p", "refund_sandbox.pytest_plugin"]
