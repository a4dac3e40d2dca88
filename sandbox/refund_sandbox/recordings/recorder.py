"""Recording of a live service: the file of cases, a line for each exchange, and the comparison with a sandbox."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from refund_sandbox.core.api import Api
from refund_sandbox.core.errors import SandboxError
from refund_sandbox.recordings.case_file import Case, CaseFile, check_readable
from refund_sandbox.recordings.exchange import CaseWriter, RecordedExchange
from refund_sandbox.recordings.scrubber import Scrubber
from refund_sandbox.verify.report import Row

_log = logging.getLogger(__name__)
Show = Callable[[Case, Row | None], None]
Compare = Callable[[Case], Row]
_WORD = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")


def vocabulary_of(apis: Mapping[str, Api]) -> frozenset[str]:
    """Return the words of the specs in lower case. No name of a person replaces one of them within a text."""
    return frozenset(word.casefold() for api in apis.values() for word in _WORD.findall(api.spec.text))


def make_scrubber(apis: Mapping[str, Api], sites: tuple[str, ...] | list[str]) -> Scrubber:
    return Scrubber(vocabulary_of(apis), sites)


def ids_of(path: Path) -> str:
    """Return the first part of the ids of a file's cases: the number that its name begins with, else its name."""
    name = path.stem.encode("utf-8", "replace").decode()  # a name may have bytes that are no text
    number = _NUMBERS.match(name)
    return number[0] if number else name


class Recorder:
    """Writes each exchange to a file and shows it. With `compare`, the case is then compared with a sandbox, in a thread."""

    def __init__(self, path: Path, scrubber: Scrubber, settings: Mapping[str, Any], show: Show, compare: Compare | None) -> None:
        self.scrubber = scrubber
        self.outcomes: Counter[str] = Counter()
        self.without_reply = 0
        self.lost = 0
        """Number of exchanges that the file has no room for."""
        self._file = CaseFile(path)
        self._writer = CaseWriter(scrubber, ids_of(path), settings)
        self._show = show
        self._compare = compare
        self._writing = ThreadPoolExecutor(1, "recording")  # a large reply takes long, and other requests must not wait
        self._comparing = ThreadPoolExecutor(1, "shadow")  # one at a time: each comparison replaces the state of the sandbox

    @property
    def count(self) -> int:
        return self._file.count

    async def record(self, exchange: RecordedExchange) -> None:
        """Append an exchange to the file."""
        written = asyncio.get_running_loop().run_in_executor(self._writing, self._record, exchange)
        with suppress(asyncio.CancelledError):  # `close` waits for it
            await asyncio.shield(written)

    def close(self) -> None:
        """Finish the comparisons and the file: what became known as personal later is replaced in all cases."""
        self._writing.shutdown(wait=True)
        self._comparing.shutdown(wait=True)
        try:
            self._file.close(self.scrubber.known)
        except OSError as error:
            reason = f"{self._file.path} is whole, but may have personal data that became known later"
            raise OSError(f"{reason}: {error.strerror}") from None

    def _record(self, exchange: RecordedExchange) -> None:
        case = self._case_of(exchange)
        try:
            self._file.append(case)
        except OSError as error:  # the proxy goes on, and the disk may have room for the next one
            self.lost += 1
            _log.error("not recorded: %s: %s", case["name"], error.strerror)
            return
        self.without_reply += exchange.status is None
        if self._compare is None:
            self._show(case, None)
        else:
            self._comparing.submit(self._shadow, case, self._compare)

    def _case_of(self, exchange: RecordedExchange) -> Case:
        number = self._file.count + 1
        try:
            case = self._writer.write(exchange, number)
            check_readable(case)
        except Exception as error:  # whatever a service sends, the recording goes on
            return self._writer.without_body(exchange, number, type(error).__name__)
        return case

    def _shadow(self, case: Case, compare: Compare) -> None:
        try:
            row = compare(case)
        except SandboxError as error:
            row = Row(case["name"], "", "", "unknown", reason=str(error))
        self.outcomes[row.outcome] += 1
        self._show(case, row)
