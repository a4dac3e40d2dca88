"""The samples run in the environment that `python -m tests.environment` makes."""

collect_ignore = ["samples"]
