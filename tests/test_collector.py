"""What Python's garbage collector never looks at again in a process that does nothing but serve."""

import subprocess
import sys

import pytest

SCRIPT = """
import gc
from sandbox import collector

if {serves}:
    collector.spare()
kept = gc.get_freeze_count()
with collector.adding():
    rests = not gc.isenabled()
    added = [[] for _ in range(1000)]
print(gc.get_freeze_count() - kept >= 1000, gc.isenabled(), rests)
"""


@pytest.mark.parametrize("serves", [True, False])
def test_what_is_loaded_later_is_kept_like_the_start(serves: bool) -> None:
    """Where the process is somebody else's, its garbage stays its own affair."""
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(serves=serves)], capture_output=True, text=True, check=True)

    assert done.stdout == f"{serves} True True\n"
