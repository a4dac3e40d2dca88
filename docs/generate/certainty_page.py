"""Table of certainties: how certain each operation, reply and field is, from the specs."""

from collections.abc import Iterator
from itertools import groupby

from docs.generate.markdown import mono, page, table
from refund_sandbox.app import load_apis
from refund_sandbox.core.spec.certainty import CertaintyTable

_INTRODUCTION = """# Certainty

You can look up how certain it is that an operation, a reply or a field is that of the live service, and with which version
that was verified. [Fidelity](../about/fidelity.md) says what the words mean.

The table is in the specs: `x-certainty`, `x-verified`, `x-recorded` and `x-fields` of `/specs/{api}.yaml`. The API reference
at `/docs` and [`refund-sandbox verify`](../guides/verify.md) read the same marks."""
_ROWS = """A row with statuses is about the replies with these statuses, a row with a field about this field of the request. All
other replies and fields are as certain as their operation. [FluentCart versions](fluentcart-versions.md) says how each change
between versions is known."""
_FIELDS = "Fields of all replies that are less certain than their operation:"


def render() -> str:
    parts = [_INTRODUCTION, _ROWS]
    for api in load_apis().values():
        certainties = CertaintyTable(api.spec)
        parts += [
            f"## {api.descriptor.title}",
            table(("Operation", "Reply or field", "Certainty", "Verified with"), _rows(certainties)),
        ]
        fields = ((mono(name), word) for name, word in certainties.fields.items())
        parts += [_FIELDS, table(("Field", "Certainty"), fields)] if certainties.fields else []
    return page(*parts)


def _rows(certainties: CertaintyTable) -> Iterator[tuple[str, str, str, str]]:
    """Yield a row for each operation, and one for each of its parts that are less or more certain."""
    for operation, of_operation in groupby(certainties.rows, lambda row: row.operation):
        whole, *parts = of_operation
        yield mono(operation), "", whole.certainty.word, whole.certainty.versions
        others = (row for row in parts if row.certainty.word != whole.certainty.word)
        for word, alike in groupby(sorted(others, key=lambda row: row.certainty.word), lambda row: row.certainty.word):
            yield mono(operation), ", ".join(mono(row.place) for row in alike), word, ""
