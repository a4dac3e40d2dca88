"""Spec and fixture files: in the installed package, or in the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def path_of(folder: str, name: str) -> Path:
    """Return the path of the file `name` in `folder` ("specs" or "fixtures"). Raise FileNotFoundError if it is missing."""
    paths = [_PACKAGE / folder / name, _PACKAGE.parent.parent / folder / name]
    for path in paths:
        if path.is_file():
            return path
    raise FileNotFoundError(f"{folder}/{name} is neither at {paths[0]} nor at {paths[1]}")
