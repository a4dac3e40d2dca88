"""Chaos bench of the ledger: clients refund while processes, the database and states are taken away.

Run it with `.venv/bin/python -m tests.bench.chaos [--minutes N] [--stores sqlite,postgresql] [--json FILE]`.
"""

import random

CHANCE = random.SystemRandom()
"""Choice of what happens next. No two runs are the same."""
