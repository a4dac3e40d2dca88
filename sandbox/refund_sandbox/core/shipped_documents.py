"""Values of the YAML files in the package. The build of a wheel prepares them.

To build a sandbox then takes a quarter of the instructions that it takes in a checkout. A file in `prepared/` is named after the
SHA-256 of its YAML text. So a value never belongs to another text.
"""

import pickle
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
FOLDER = "prepared"
"""Folder of the prepared values in the package. A checkout has none, and reads YAML."""
_PATH = Path(__file__).resolve().parent.parent / FOLDER


def read_shipped(text: str) -> Any:
    """Return the value of a YAML text. Raise BadDocument like `read_yaml`."""
    return read_prepared("yaml", text, _read_yaml)


def read_prepared(kind: str, text: str, read: Callable[[str], T]) -> T:
    """Return what `read` makes of a YAML text. `kind` is the same for each call with the same `read`."""
    path = _PATH / _name(kind, text)
    if path.is_file():
        value: T = pickle.loads(path.read_bytes())  # noqa: S301 - a file of this package
        return value
    return read(text)


def prepare(folder: Path, kind: str, text: str, read: Callable[[str], Any] | None = None) -> None:
    """Write the file from which `read_prepared` reads a value, without `read` that of `read_shipped`."""
    (folder / _name(kind, text)).write_bytes(pickle.dumps((read or _read_yaml)(text)))


def _read_yaml(text: str) -> Any:
    from refund_sandbox.core.yaml_reader import read_yaml

    return read_yaml(text)


def _name(kind: str, text: str) -> str:
    return f"{sha256(text.encode()).hexdigest()}.{kind}"
