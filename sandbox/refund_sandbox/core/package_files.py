"""Finds the spec and fixture files: inside the installed package, or beside it in a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def path_of(folder: str, name: str) -> Path:
    """The file `name` of `folder` ("specs" or "fixtures"). Raises FileNotFoundError, naming both places."""
    places = [_PACKAGE / folder / name, _PACKAGE.parent.parent / folder / name]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"{folder}/{name} is neither at {places[0]} nor at {places[1]}")
