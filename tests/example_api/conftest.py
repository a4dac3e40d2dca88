"""The tests in `own_tests` need the installed distribution. `test_example_api.py` runs them there."""

collect_ignore = ["own_tests"]
