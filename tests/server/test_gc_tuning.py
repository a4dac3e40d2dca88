"""Objects that the garbage collector never searches again in a process that only serves."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from refund_sandbox import gc_tuning

if {serves}:
    gc_tuning.tune()
frozen = gc.get_freeze_count()
with gc_tuning.collection_paused_then_frozen():
    is_paused = not gc.isenabled()
    loaded = [[] for _ in range(1000)]
print(gc.get_freeze_count() - frozen >= 1000, gc.isenabled(), is_paused)
"""


@pytest.mark.parametrize("serves", [True, False])
def test_what_is_loaded_later_is_frozen_only_in_a_process_that_serves(serves: bool) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(serves=serves)], capture_output=True, text=True, check=True)

    assert done.stdout == f"{serves} True True\n"


SURVIVING = """
import gc
from refund_sandbox import gc_tuning

gc_tuning.tune()
gc_tuning._BUSY_S = {busy}
start, ledger, runs = gc.get_freeze_count(), [], []
gc.callbacks.append(lambda phase, run: runs.append(run["generation"]) if phase == "stop" else None)
for number in range(200_000):
    ledger.append([number])
print(gc.get_freeze_count() - start > 150_000, max(runs), len(gc.get_objects()) < 50_000)
"""


@pytest.mark.parametrize(("busy", "generation"), [(60, 0), (0, 1)], ids=["under load", "idle"])
def test_survivors_are_frozen_and_collected_only_in_an_idle_process(busy: int, generation: int) -> None:
    script = SURVIVING.format(busy=busy)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == f"True {generation} True\n"
