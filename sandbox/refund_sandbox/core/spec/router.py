"""Router: finds the operations at a path."""

from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

from msgspec import Struct

from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.validation.keywords import Schema


class Match(NamedTuple):
    """An operation and the values of its path parameters."""

    operation: SpecOperation
    params: Mapping[str, str]


class Spec(Struct, frozen=True, dict=True):
    """One API's spec: operations, named schemas, and the YAML text that they were read from."""

    api: str
    text: str
    operations: tuple[SpecOperation, ...]
    schemas: Mapping[str, Schema]

    @cached_property
    def _by_ending(self) -> Mapping[tuple[int, str], Mapping[str, list[SpecOperation]]]:
        """Operations grouped by number of path segments and last segment, then by path expression.

        An operation whose last segment is a parameter is in the group of every last segment of that length.
        It is also in the group of the empty last segment, which serves all other paths of that length.
        """
        ends = {_ending(operation.path) for operation in self.operations}
        groups: dict[tuple[int, str], dict[str, list[SpecOperation]]] = {}
        for operation in self.operations:
            length, last = _ending(operation.path)
            for end in [(length, ""), *ends] if "{" in last else [(length, last)]:
                if end[0] == length:
                    groups.setdefault(end, {}).setdefault(operation.expression, []).append(operation)
        return groups

    @cached_property
    def find(self) -> Callable[[str], Mapping[str, Match]]:
        """Function that returns the operations at a path below the base URL, by method in the order of the file.

        An unknown path has none. The paths of recent requests are cached.
        """
        return lru_cache(256)(self._search)

    def _search(self, path: str) -> Mapping[str, Match]:
        matches: dict[str, Match] = {}
        length, last = _ending(path)
        candidates = self._by_ending.get((length, last)) or self._by_ending.get((length, ""), {})
        for operations in candidates.values():
            match = operations[0].pattern.fullmatch(path)
            if match:
                params = match.groupdict()
                for operation in operations:
                    matches.setdefault(operation.method, Match(operation, params))
        return matches


def _ending(path: str) -> tuple[int, str]:
    """Return the number of segments of a path and its last segment in lower case."""
    return path.count("/"), path.rpartition("/")[2].lower()
