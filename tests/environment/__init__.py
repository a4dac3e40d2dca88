"""The plugin in one environment with the newest web frameworks. Run `python -m tests.environment`."""
