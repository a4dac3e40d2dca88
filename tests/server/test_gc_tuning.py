"""What Python's garbage collector never looks at again in a process that does nothing but serve."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from refund_sandbox import gc_tuning

if {serves}:
    gc_tuning.spare()
kept = gc.get_freeze_count()
with gc_tuning.adding():
    rests = not gc.isenabled()
    added = [[] for _ in range(1000)]
print(gc.get_freeze_count() - kept >= 1000, gc.isenabled(), rests)
"""


@pytest.mark.parametrize("serves", [True, False])
def test_what_is_loaded_later_is_kept_like_the_start(serves: bool) -> None:
    """Where the process is somebody else's, its garbage stays its own affair."""
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(serves=serves)], capture_output=True, text=True, check=True)

    assert done.stdout == f"{serves} True True\n"


KEEPING = """
import gc
from refund_sandbox import gc_tuning

gc_tuning.spare()
gc_tuning._BUSY = {busy}
start, ledger, runs = gc.get_freeze_count(), [], []
gc.callbacks.append(lambda phase, run: runs.append(run["generation"]) if phase == "stop" else None)
for number in range(200_000):
    ledger.append([number])
print(gc.get_freeze_count() - start > 150_000, max(runs), len(gc.get_objects()) < 50_000)
"""


@pytest.mark.parametrize(("busy", "searches"), [(60, 0), (0, 1)], ids=["under load", "at leisure"])
def test_what_outlives_its_youth_stays_and_is_searched_only_at_leisure(busy: int, searches: int) -> None:
    script = KEEPING.format(busy=busy)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == f"True {searches} True\n"
