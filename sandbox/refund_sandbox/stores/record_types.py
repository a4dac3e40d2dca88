"""Record types: the description of records for a store."""

from typing import Generic, TypeVar, get_args, get_type_hints

from refund_sandbox.frozen import frozen

R = TypeVar("R")
Key = int | str


@frozen
class RecordType(Generic[R]):
    """Type of record: name, class, key field, indexed fields, and the `texts` that `Contains` searches.

    Key and indexes are text or whole numbers. Indexes and texts are fields or properties.
    """

    name: str
    record: type[R]
    key: str
    indexes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()

    def is_number(self, field: str) -> bool:
        """Whether a field holds whole numbers, or null."""
        attribute = getattr(self.record, field, None)
        hint = get_type_hints(attribute.fget)["return"] if isinstance(attribute, property) else get_type_hints(self.record)[field]
        return hint is int or int in get_args(hint)
