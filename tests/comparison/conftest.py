"""The tests run with `python -m tests.comparison`, where the other libraries are installed."""

import os

collect_ignore_glob = [] if "BUG" in os.environ else ["test_*.py"]
