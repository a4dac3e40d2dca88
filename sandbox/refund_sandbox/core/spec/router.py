"""Router: finds the operations at a path."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from refund_sandbox.core.spec.operation import Operation
from refund_sandbox.core.validation.keywords import Schema
from refund_sandbox.frozen import frozen


class Match(NamedTuple):
    """An operation and the values of its path parameters."""

    operation: Operation
    params: Mapping[str, str]


@frozen
class Spec:
    """One API's spec: operations, named schemas, and the YAML text that they were read from."""

    api: str
    text: str
    operations: tuple[Operation, ...]
    schemas: Mapping[str, Schema]

    @cached_property
    def _by_ending(self) -> Mapping[tuple[int, str], Mapping[str, list[Operation]]]:
        """Operations grouped by number of path segments and last segment, then by path expression.

        An operation whose last segment is a parameter is in the group of every last segment of that length,
        and in the group of the empty last segment, which serves all other paths of that length.
        """
        ends = {_ending(operation.path) for operation in self.operations}
        found: dict[tuple[int, str], dict[str, list[Operation]]] = {}
        for operation in self.operations:
            length, last = _ending(operation.path)
            for end in [(length, ""), *ends] if "{" in last else [(length, last)]:
                if end[0] == length:
                    found.setdefault(end, {}).setdefault(operation.expression, []).append(operation)
        return found

    def find(self, path: str) -> Mapping[str, Match]:
        """Return the operations at a path below the base URL, by method in the order of the file. Unknown paths have none."""
        found = self._plain.get(path)
        if found is None:
            found = self._search(path)
            if path in self._plain:
                self._plain[path] = found
        return found

    @cached_property
    def _plain(self) -> dict[str, Mapping[str, Match] | None]:
        """Cache for the paths without parameters, spelled as in the spec. None marks a path that was not requested yet."""
        return dict.fromkeys(operation.path for operation in self.operations if "{" not in operation.path)

    def _search(self, path: str) -> Mapping[str, Match]:
        found: dict[str, Match] = {}
        length, last = _ending(path)
        candidates = self._by_ending.get((length, last)) or self._by_ending.get((length, ""), {})
        for operations in candidates.values():
            here = operations[0].pattern.fullmatch(path)
            if here:
                params = here.groupdict()
                for operation in operations:
                    found.setdefault(operation.method, Match(operation, params))
        return found


def _ending(path: str) -> tuple[int, str]:
    """Return the number of segments of a path and its last segment in lower case."""
    return path.count("/"), path.rpartition("/")[2].lower()
