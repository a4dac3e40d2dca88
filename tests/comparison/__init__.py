"""The same three tests with this plugin, pytest-httpserver, responses and WireMock. Run `python -m tests.comparison`."""
