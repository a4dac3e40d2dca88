"""Plugin that prints the median duration of a test in milliseconds, with its fixtures."""

import statistics
from collections import defaultdict

durations = defaultdict(float)


def pytest_runtest_logreport(report):
    durations[report.nodeid] += report.duration


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(f"median {statistics.median(durations.values()) * 1000:.3f} ms of {len(durations)} tests")
