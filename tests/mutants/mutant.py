"""One mutant: edits of the source, and the tests that must fail with them."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sandbox" / "refund_sandbox"


class PlaceGone(Exception):
    """The source no longer has the text that a mutant replaces, or has it more than once."""


@dataclass(frozen=True)
class Edit:
    """Replacement of a text that stands once in a file of the package."""

    file: str
    old: str
    new: str

    def apply(self, source: str) -> str:
        """Return the source with the edit. Raise PlaceGone if the text does not stand in it exactly once."""
        if source.count(self.old) != 1:
            raise PlaceGone(f"{self.file} has {source.count(self.old)} times: {self.old}")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """A broken rule. `tests` are arguments of pytest: paths and `-k`; `store` is the store that they run over."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]
    store: str = "memory"

    def apply(self, package: Path) -> None:
        """Apply the edits to a copy of the package. Raise SyntaxError if the result is no Python."""
        for edit in self.edits:
            path = package / edit.file
            source = edit.apply(path.read_text(encoding="utf-8"))
            compile(source, path, "exec")
            path.write_text(source, encoding="utf-8")


def mutant(name: str, file: str, old: str, new: str, *tests: str, store: str = "memory") -> Mutant:
    """Return a mutant with one edit."""
    return Mutant(name, (Edit(file, old, new),), tests, store)
