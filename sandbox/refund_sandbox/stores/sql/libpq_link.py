"""Statements in the pipeline mode of libpq: any number of them in one round trip.

This uses `psycopg.pq`, because cursors in psycopg's own pipelines take ten times the processor time.
"""

import re
import select
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import count, islice
from typing import Any

from psycopg import Connection, OperationalError, Pipeline
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, PipelineStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult

from refund_sandbox.stores.protocol import CommitUnknown, Conflict, StoreError, Unavailable
from refund_sandbox.stores.sql.dialects import InsertTarget, Row, Rows, Statement

_MAX_PREPARED = 200
"""Maximum number of prepared statements of a connection. Each one takes some 10 KB of the server's memory."""
_MAX_SEEN = 1000
"""Maximum number of statements of which a use is remembered."""
_UNAVAILABLE = frozenset({"08", "53", "54", "55", "57", "58"})
"""Classes of SQLSTATE: connection, resources, limits, locks, operator intervention, system errors."""
_CONNECTION_LOST = "08006"
_PARAMETER = re.compile(r"%\((\w+)\)s")
_NO_NUL = "PostgreSQL: text can't contain NUL characters."
_COPY_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_NULL = "\\N"
_COPIED_ROWS = 100
"""Number of rows that are sent together."""
_COPY_SPECIAL = re.compile(r"[\\\t\n\r]")
_HAS_POLL = hasattr(select, "poll")
_SYNC, _FAILED = int(ExecStatus.PIPELINE_SYNC), int(ExecStatus.FATAL_ERROR)


class LibpqLink:
    """Connection that sends statements together. A statement is prepared at its second use."""

    def __init__(self, connection: Connection[Any]) -> None:
        if not Pipeline.is_supported():
            raise StoreError("PostgreSQL: libpq is too old. Install psycopg[binary], or libpq 14 or later.")
        self._connection = connection
        self._pgconn: PGconn = connection.pgconn
        self._seen: set[bytes] = set()
        self._names: dict[bytes, bytes] = {}
        """Names of prepared statements."""
        self._numbers = count()

    def run(self, writes: Sequence[Statement], reads: Sequence[Statement]) -> list[Rows]:
        if not writes and not reads:
            return []
        results = self._exchange([*writes, *reads])
        return [_rows(result) for result in results[len(writes) :]]

    def insert(self, target: InsertTarget, rows: Iterable[Row]) -> None:
        """Copy the rows. The cursor of psycopg sends them in blocks, and lets other threads run meanwhile."""
        command = f"COPY {target.table} ({', '.join(target.columns)}) FROM STDIN"
        lines = map(_copied_row, rows)
        with self._connection.cursor() as cursor, cursor.copy(command) as copy:
            while block := "".join(islice(lines, _COPIED_ROWS)):
                copy.write(block)

    def commit(self, writes: Sequence[Statement]) -> None:
        status = self._pgconn.transaction_status
        if status == TransactionStatus.INERROR:
            raise StoreError("PostgreSQL: a statement of the transaction failed.")
        if status == TransactionStatus.IDLE and not writes:
            return
        check_open(self._pgconn)
        try:
            self._exchange([*writes, ("COMMIT", {})])
        except OperationalError as error:
            raise CommitUnknown(f"PostgreSQL: {_in_one_line(str(error))}") from error

    def roll_back(self) -> None:
        """Roll back without psycopg, which would delete all prepared statements."""
        idle = self._pgconn.transaction_status in (TransactionStatus.IDLE, TransactionStatus.UNKNOWN)
        if not idle and self._pgconn.pipeline_status == PipelineStatus.OFF:
            self._pgconn.exec_(b"ROLLBACK")

    def is_idle(self) -> bool:
        is_idle = self._pgconn.transaction_status == TransactionStatus.IDLE
        return is_idle and self._pgconn.pipeline_status == PipelineStatus.OFF

    def _exchange(self, statements: Iterable[Statement]) -> list[PGresult]:
        """Send statements and return their results.

        After an error, the server skips the statements that follow. Raises StoreError for it, and OperationalError for a
        connection that is lost.
        """
        calls = [_compile(text, bound) for text, bound in statements]
        self._pgconn.enter_pipeline_mode()
        prepared = [command for command, values in calls if self._send(command, values)]
        self._pgconn.pipeline_sync()
        self._flush()
        results, failed = self._receive()
        self._pgconn.exit_pipeline_mode()
        if failed:
            for command in prepared:
                del self._names[command]
            raise _explain_result(failed)
        return [result for result in results if result.command_status] if prepared else results  # to prepare has none

    def _send(self, command: bytes, values: list[bytes | None]) -> bool:
        """Queue a statement. Return whether it is prepared now."""
        name, is_new = self._names.get(command), False
        if name is None and self._is_worth_preparing(command):
            name = self._names[command] = b"refund_sandbox_%d" % next(self._numbers)
            self._pgconn.send_prepare(name, command)
            is_new = True
        if name:
            self._pgconn.send_query_prepared(name, values)
        else:
            self._pgconn.send_query_params(command, values)
        return is_new

    def _is_worth_preparing(self, command: bytes) -> bool:
        """Whether a statement is used for the second time, and there are not too many already."""
        if command in self._seen:
            return len(self._names) < _MAX_PREPARED
        if len(self._seen) >= _MAX_SEEN:
            self._seen.clear()
        self._seen.add(command)
        return False

    def _flush(self) -> None:
        """Send what is queued. Read meanwhile, because a server whose results are not read stops reading."""
        while self._pgconn.flush():
            _wait(self._pgconn.socket, for_write=True)
            self._pgconn.consume_input()

    def _receive(self) -> tuple[list[PGresult], PGresult | None]:
        """Return the results up to the end of the pipeline, and the one that failed."""
        pgconn, failed = self._pgconn, None
        results: list[PGresult] = []
        while True:
            while pgconn.is_busy():
                _wait(pgconn.socket)
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                if pgconn.status == ConnStatus.BAD:
                    raise OperationalError(pgconn.get_error_message())
                continue
            status = result.status
            if status == _SYNC:
                return results, failed
            if status == _FAILED:
                failed = failed or result
            results.append(result)
            pgconn.get_result()  # the null result that ends those of the statement is there already


def check_open(pgconn: PGconn) -> None:
    """Raise OperationalError if the server has closed the connection.

    It needs no round trip. The first call may read a last message of the server; the second one reads the end.
    """
    pgconn.consume_input()
    pgconn.consume_input()


def explain(error: BaseException) -> StoreError:
    """Return the store's error for an error of psycopg."""
    state = getattr(error, "sqlstate", None) or (_CONNECTION_LOST if isinstance(error, OperationalError) else "")
    return _explain_state(state, str(error))


def _explain_result(result: PGresult) -> StoreError:
    state = result.error_field(DiagnosticField.SQLSTATE) or b""
    return _explain_state(state.decode(), result.get_error_message())


def _explain_state(state: str, text: str) -> StoreError:
    """Map SQLSTATE: deadlocks and serialization failures to Conflict, and to Unavailable what a later try may get over."""
    message = _in_one_line(text)
    if state in ("40001", "40P01"):
        return Conflict(message)
    kind = Unavailable if state[:2] in _UNAVAILABLE else StoreError
    return kind(f"PostgreSQL: {message}")


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _compile(text: str, bound: Mapping[str, Any] | Row) -> tuple[bytes, list[bytes | None]]:
    """Return the statement as libpq expects it, with its values in order, in the text format."""
    command, names = _numbered(text)
    values = bound if isinstance(bound, list) else [bound[name] for name in names]
    encoded = [
        value.encode() if type(value) is str else None if value is None else b"%d" % value  # isinstance would take longer
        for value in values
    ]
    if b"\0" in b"".join(filter(None, encoded)):
        raise StoreError(_NO_NUL)  # libpq would cut the text
    return command, encoded


@lru_cache(_MAX_SEEN)
def _numbered(text: str) -> tuple[bytes, list[str]]:
    """Return the statement with the parameters `$1`, `$2` … in place of `%(name)s`, and their names."""
    names = list(dict.fromkeys(_PARAMETER.findall(text)))
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", text)
    return numbered.replace("%%", "%").encode(), names


def _copied_row(row: Row) -> str:
    """Return a row in the text format of COPY. Most rows have no text to escape."""
    line = "\t".join([_NULL if value is None else value if type(value) is str else str(value) for value in row])
    is_plain = line.count("\t") == len(row) - 1 and line.count("\\") == row.count(None)
    is_plain = is_plain and not ("\n" in line or "\r" in line or "\0" in line)  # faster than a regular expression
    return f"{line}\n" if is_plain else "\t".join(map(_copied, row)) + "\n"


def _copied(value: Any) -> str:
    """Return a value in the text format of COPY."""
    if value is None:
        return _NULL
    if not isinstance(value, str):
        return str(value)
    if "\0" in value:
        raise StoreError(_NO_NUL)
    return value.translate(_COPY_ESCAPES) if _COPY_SPECIAL.search(value) else value


def _rows(result: PGresult) -> Rows:
    if result.nfields == 1:
        return [(result.get_value(row, 0),) for row in range(result.ntuples)]
    columns = range(result.nfields)
    return [tuple([result.get_value(row, column) for column in columns]) for row in range(result.ntuples)]


def _wait(socket: int, *, for_write: bool = False) -> None:
    """Wait until the socket is readable, or writable if `for_write`. Other threads run meanwhile."""
    if _HAS_POLL:
        poll = select.poll()
        poll.register(socket, select.POLLIN | (select.POLLOUT if for_write else 0))
        poll.poll()
    else:
        select.select([socket], [socket] if for_write else [], [])
