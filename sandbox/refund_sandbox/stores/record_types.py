"""Record types: the description of records for a store."""

from typing import Generic, TypeVar, dataclass_transform, get_args, get_type_hints

from msgspec import Struct, field

R = TypeVar("R")
Key = int | str


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Record(Struct, frozen=True, gc=False):
    """Base of what stores hold. The garbage collector does not track records: they never refer to themselves."""


class RecordType(Struct, Generic[R], frozen=True):
    """Type of record: name, class, key field, indexed fields, the `texts` that `Contains` searches, and `columns`.

    Key, indexes and columns are text or whole numbers. Indexes, texts and columns are fields or properties. A database
    holds `columns` outside of the document too, without an index, so that it can filter by them and add them up.
    `searched` are texts for which a database has an index, if it can: an index costs each change of the text. `sorted` are
    texts, and numbers of `columns`, for which a database has an index in the order of a list.
    """

    name: str
    record: type[R]
    key: str
    indexes: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    sorted: tuple[str, ...] = ()
    is_written_once: bool = False
    """Whether records are never changed."""

    def is_number(self, field: str) -> bool:
        """Whether a field holds whole numbers, or null."""
        attribute = getattr(self.record, field, None)
        hint = get_type_hints(attribute.fget)["return"] if isinstance(attribute, property) else get_type_hints(self.record)[field]
        return hint is int or int in get_args(hint)
