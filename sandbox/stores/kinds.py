"""What a sort of record is to a store."""

from dataclasses import dataclass
from typing import Generic, TypeVar, get_args, get_type_hints

R = TypeVar("R")
Key = int | str


@dataclass(frozen=True)
class Kind(Generic[R]):
    """A sort of record: its name, its type, which field is its key, and by which fields it is looked up.

    The key and the indexed fields are text or whole numbers. `texts` are what a search looks at in such a record: fields, or
    properties that are made of them.
    """

    name: str
    record: type[R]
    key: str
    indexes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def is_number(self, field: str) -> bool:
        """Whether a field holds whole numbers, or null."""
        hint = get_type_hints(self.record)[field]
        return hint is int or int in get_args(hint)
