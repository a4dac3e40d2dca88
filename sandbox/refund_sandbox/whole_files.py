"""Files that are written whole or not at all."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PRIVATE_MODE = 0o600
_SHARED_MODE = 0o666
"""Mode of a new file, less the bits of the process's umask."""


@contextmanager
def replacing(file: Path, *, is_private: bool = False) -> Iterator[IO[str]]:
    """Open a file for text. It gets its name at the end, and then replaces an existing one. Nothing changes if the block raises.

    A link keeps pointing to its file, and an existing file keeps its mode. A private file gets a mode for its owner only.
    An OSError names the file, also where a full disk ends a write.
    """
    target = file.resolve()
    part = target.with_name(f".refund-sandbox-{secrets.token_hex(4)}.part")
    mode = _PRIVATE_MODE if is_private else _SHARED_MODE
    try:
        part.touch(mode, exist_ok=False)
        with part.open("w", encoding="utf-8", newline="\n") as output:
            if target.exists() and not is_private:
                shutil.copymode(target, part)
            yield output
        part.replace(target)
    except OSError as error:
        if error.strerror and (error.filename is None or str(error.filename) == str(part)):
            raise OSError(error.errno, error.strerror, str(file)) from None
        raise
    finally:
        part.unlink(missing_ok=True)
