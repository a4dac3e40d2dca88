"""The command: one run for each store, and its figures."""

import argparse
import json
import logging
import re
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.bench import servers
from tests.bench.chaos import CHANCE, receiver, state
from tests.bench.chaos.fleet import Fleet, on_postgresql, on_sqlite
from tests.bench.chaos.workspace import Tally, Workspace
from tests.bench.servers import Say

FLEETS: Mapping[str, Callable[[Path], AbstractContextManager[Fleet]]] = {"sqlite": on_sqlite, "postgresql": on_postgresql}
_WORKSPACES = 4
"""The first half counts its webhooks. The others are replaced while their clients refund."""
_CLIENTS = 4
"""Clients of each workspace."""
_BUG = re.compile(r"^.*bug of the sandbox.*$|^.*Traceback.*\n(?:[ +|].*\n|\n)*.*$", re.MULTILINE)
"""A line of the log, or a traceback up to its error."""


def run(store: str, minutes: float, say: Say) -> Tally:
    """Attack a sandbox on one store, and print the figures."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        fixture = Path(folder) / "fixture.yaml"
        fixture.write_text(json.dumps(state.document(None)))
        with FLEETS[store](fixture) as fleet, receiver.listening() as received:
            places = [
                Workspace(f"chaos-{number}", fleet, received, tally, counts_webhooks=number < _WORKSPACES / 2)
                for number in range(_WORKSPACES)
            ]
            _attack(fleet, places, tally, time.monotonic() + minutes * 60)
            log = fleet.log.read_text()
    tally.wrong += _BUG.findall(log)
    _report(store, minutes, tally, say)
    return tally


def _attack(fleet: Fleet, places: Sequence[Workspace], tally: Tally, until: float) -> None:
    """Run clients, keepers and disturbances until a time. A thread that fails is a wrong result."""

    def is_over() -> bool:
        return time.monotonic() > until

    def disturb() -> None:
        while not is_over():
            time.sleep(CHANCE.uniform(2, 8))
            name = CHANCE.choice(list(fleet.disturb))
            fleet.disturb[name]()
            tally.disturbances[name] += 1

    def start(work: Callable[..., None], *arguments: Any) -> threading.Thread:
        def guarded() -> None:
            try:
                work(*arguments)
            except Exception as error:
                tally.wrong.append(f"{work.__name__}: {type(error).__name__}: {error}")

        thread = threading.Thread(target=guarded)
        thread.start()
        return thread

    threads = [start(place.keep_until, is_over) for place in places]
    threads += [start(place.refund_until, is_over, client) for place in places for client in range(_CLIENTS)]
    threads.append(start(disturb))
    for thread in threads:
        thread.join()


def _report(store: str, minutes: float, tally: Tally, say: Say) -> None:
    say(f"{store}, {minutes:g} minutes")
    say(f"  refund requests   {sum(tally.statuses.values()):>9,}")
    for status, count in sorted(tally.statuses.items()):
        say(f"    {status:16}{count:>9,}")
    say(f"  refunds checked   {tally.booked:>9,}")
    say(f"  webhooks checked  {tally.webhooks:>9,}, of which sent again {tally.sent_twice:,}")
    for name, count in sorted(tally.disturbances.items()):
        say(f"  {name:36}{count:>6,}")
    say(f"  wrong             {len(tally.wrong):>9,}")
    for line in tally.wrong[:20]:
        say(f"    {line}")


def main(stores: Sequence[str], minutes: float, file: Path | None, say: Say) -> bool:
    """Attack each store. Return whether nothing was wrong."""
    logging.disable()  # the package that brings PostgreSQL prints the server's log when a start takes long
    tallies = {store: run(store, minutes, say) for store in stores}
    servers.write_results({store: vars(tally) for store, tally in tallies.items()}, file)
    return not any(tally.wrong for tally in tallies.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.chaos")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--stores", default=",".join(FLEETS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_line: Callable[[str], object] = lambda line: (sys.stdout.write(line + "\n"), sys.stdout.flush())  # noqa: E731
    sys.exit(0 if main(options.stores.split(","), options.minutes, options.json, print_line) else 1)
