"""Spec and fixture files: in the installed package, or in the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


def path_of(folder: str, name: str) -> Path:
    """Return the path of the file `name` in `folder` ("specs" or "fixtures"). Raise FileNotFoundError if it is missing."""
    places = [_PACKAGE / folder / name, _PACKAGE.parent.parent / folder / name]
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(f"{folder}/{name} is neither at {places[0]} nor at {places[1]}")
