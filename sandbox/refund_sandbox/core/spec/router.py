"""Router: finds the operations at a path."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.validation.keywords import Schema


class Match(NamedTuple):
    """An operation and the values of its path parameters."""

    operation: Operation
    params: Mapping[str, str]


class Spec(Struct, frozen=True, dict=True):
    """One API's spec: operations, named schemas, and the YAML text that they were read from."""

    api: str
    text: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Schema]

    @cached_property
    def _by_ending(self) -> Mapping[tuple[int, str], Mapping[str, list[Operation]]]:
        """Operations grouped by number of path segments and last segment, then by path expression.

        An operation whose last segment is a parameter is in the group of every last segment of that length.
        It is also in the group of the empty last segment, which serves all other paths of that length.
        """
        ends = {_ending(operation.path) for operation in self.operations}
        groups: dict[tuple[int, str], dict[str, list[Operation]]] = {}
        for operation in self.operations:
            length, last = _ending(operation.path)
            for end in [(length, ""), *ends] if "{" in last else [(length, last)]:
                if end[0] == length:
                    groups.setdefault(end, {}).setdefault(operation.expression, []).append(operation)
        return groups

    def find(self, path: str) -> Mapping[str, Match]:
        """Return the operations at a path below the base URL, by method in the order of the file. Unknown paths have none."""
        matches = self._plain.get(path)
        if matches is None:
            matches = self._search(path)
            if path in self._plain:
                self._plain[path] = matches
        return matches

    @cached_property
    def _plain(self) -> dict[str, Mapping[str, Match] | None]:
        """Cache for the paths without parameters, spelled as in the spec. None marks a path that was not requested yet."""
        return dict.fromkeys(operation.path for operation in self.operations if "{" not in operation.path)

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
