"""What a sort of record is to a store."""

from typing import Generic, TypeVar, get_args, get_type_hints

from refund_sandbox.frozen import frozen

R = TypeVar("R")
Key = int | str


@frozen
class RecordType(Generic[R]):
    """A sort of record: its name, its type, which field is its key, and by which fields it is looked up.

    The key and the indexes are text or whole numbers. Indexes, and the `texts` that a search looks at, are fields, or
    properties that are made of them.
    """

    name: str
    record: type[R]
    key: str
    indexes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def is_number(self, field: str) -> bool:
        """Whether a field holds whole numbers, or null."""
        found = getattr(self.record, field, None)
        hint = get_type_hints(found.fget)["return"] if isinstance(found, property) else get_type_hints(self.record)[field]
        return hint is int or int in get_args(hint)
