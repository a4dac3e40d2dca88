"""Report of a comparison: one row for each behaviour, as a table for a terminal, as JSON or as Markdown."""

import json
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from refund_sandbox.core.redaction import hide_value
from refund_sandbox.verify.comparison import Difference, ReceivedReply

Outcome = Literal["alike", "differs", "not tried", "unknown"]
Clean = Callable[[Any, str], Any]
ShowProgress = Callable[[int, int, str], None]
"""Function that shows progress: number of the case, number of cases, name."""
_OUTCOMES: tuple[Outcome, ...] = ("alike", "differs", "unknown", "not tried")
_WIDTH = 80
_INDENT = " " * 11
_SHOWN_DIFFERENCES = 5
_MAX_BODY_CHARS = 4000


class Row(Struct, frozen=True, omit_defaults=True):
    """The result for one behaviour. `certainty` is that which the sandbox claims for its operation."""

    name: str
    operation: str
    certainty: str
    outcome: Outcome
    reason: str = ""
    """Reason why a behaviour was not tried, or why its result is not known."""
    verified: str = ""
    """Versions of the service with which a measured behaviour was verified, with dates."""
    request: str = ""
    """Method and path of the request."""
    differences: tuple[Difference, ...] = ()
    expected: ReceivedReply | None = None
    """Reply of the live service, if the replies differ."""
    got: ReceivedReply | None = None
    """Reply of the sandbox, if the replies differ."""
    compares: Literal["values", "form"] = "values"


class Report(Struct, frozen=True):
    """All results, with pairs of names and values that say what was compared."""

    subject: Mapping[str, str]
    rows: Sequence[Row]
    others: Mapping[str, Sequence[str]] = {}
    """Operations without a row, by the reason."""

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows by outcome."""
        found = Counter(row.outcome for row in self.rows)
        return {outcome: found[outcome] for outcome in _OUTCOMES if found[outcome]}

    @property
    def has_measured_difference(self) -> bool:
        """Whether a behaviour differs that the sandbox claims to have measured."""
        return any(row.outcome == "differs" and row.certainty == "measured" for row in self.rows)


def as_document(report: Report) -> dict[str, Any]:
    """Return the report as a JSON document, without secrets."""
    rows = [hide_value(msgspec.to_builtins(replace(row, differences=tuple(map(_hide, row.differences))))) for row in report.rows]
    return {"subject": dict(report.subject), "counts": report.counts, "rows": rows, "others": dict(report.others)}


def as_text(report: Report) -> str:
    """Return the report for a terminal of 80 columns."""
    width = max(map(len, report.subject), default=0)
    lines = [_cut(f"{name.ljust(width)}  {value}") for name, value in report.subject.items()]
    lines += ["", *_table(report.rows), "", _summary(report)]
    return "\n".join(lines)


def as_markdown(report: Report, clean: Clean = lambda value, _name: value) -> str:
    """Return the report to paste into an issue: the subject, a table, and both replies of each difference.

    `clean` replaces what must not be published in a JSON value. It gets the name of the value's field too.
    """
    tried = [row for row in report.rows if row.outcome != "not tried"]
    rows = ((row.name, _mono(row.operation), _claim(row), _result(row)) for row in tried)
    parts = [
        "## Report of `refund-sandbox verify`",
        _markdown_table(("", ""), ((name, clean(value, "")) for name, value in report.subject.items())),
        _summary(report),
        _markdown_table(("Behaviour", "Operation", "Certainty", "Result"), rows),
        *(f"Not tried, {reason}: {'; '.join(names)}." for reason, names in _names_by_reason(report.rows).items()),
        *(_markdown_details(row, clean) for row in tried if row.differences),
    ]
    return "\n\n".join(map(_printable_lines, parts)) + "\n"


def _printable_lines(text: str) -> str:
    return "\n".join(map(_printable, text.split("\n")))


def _table(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a line for each row that was tried with its differences below, then the others by their reasons.

    Rows that are alike by their form share a line.
    """
    width = max((len(row.certainty) for row in rows), default=0)
    alike_forms = [row for row in rows if row.outcome == "alike" and row.compares == "form"]
    for row in (row for row in rows if row.outcome != "not tried" and row not in alike_forms):
        yield _cut(f"{row.outcome:9}  {row.certainty.ljust(width)}  {row.name}")
        for difference in map(_hide, row.differences[:_SHOWN_DIFFERENCES]):
            yield from _lines_of(difference)
        if len(row.differences) > _SHOWN_DIFFERENCES:
            yield f"{_INDENT}and {len(row.differences) - _SHOWN_DIFFERENCES} more differences"
        yield from _wrap(row.reason)
    for certainty, number in Counter(row.certainty for row in alike_forms).items():
        yield f"{'alike':9}  {certainty.ljust(width)}  {_forms(number)}"
    for reason, names in _names_by_reason(rows).items():
        yield from _wrap(reason, f"{'not tried':9}  ")
        yield from _wrap("; ".join(names), f"{_INDENT}  ")


def _names_by_reason(rows: Sequence[Row]) -> dict[str, list[str]]:
    """The names of the behaviours that were not tried. Those by their form are counted."""
    found: dict[str, list[str]] = {}
    forms: Counter[str] = Counter()
    for row in (row for row in rows if row.outcome == "not tried"):
        names = found.setdefault(row.reason, [])
        if row.compares == "form":
            forms[row.reason] += 1
        else:
            names.append(row.name)
    return {reason: [*names, *([_forms(forms[reason])] if forms[reason] else [])] for reason, names in found.items()}


def _forms(number: int) -> str:
    return f"The form of {number} other {'read' if number == 1 else 'reads'}"


def _wrap(text: str, indent: str = _INDENT) -> list[str]:
    return textwrap.wrap(_printable(text), _WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent))


def _lines_of(difference: Difference) -> Iterator[str]:
    yield _cut(f"{_INDENT}{difference.path}")
    yield _cut(f"{_INDENT}  live     {_shown(difference.expected)}")
    yield _cut(f"{_INDENT}  sandbox  {_shown(difference.got)}")


def _shown(value: Any) -> str:
    return "(missing)" if value is UNSET else _printable(json.dumps(value, ensure_ascii=False))


def _hide(difference: Difference) -> Difference:
    """Return a difference without secrets. The last name of its path says whether it is about one."""
    name = difference.path.rpartition(".")[2]
    expected, got = (hide_value({name: value})[name] for value in (difference.expected, difference.got))
    return Difference(difference.path, expected, got)


def _printable(text: str) -> str:
    """Return a text without control characters: a reply must not control the terminal."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def _cut(line: str) -> str:
    line = _printable(line)
    return line if len(line) <= _WIDTH else line[: _WIDTH - 1] + "…"


def _summary(report: Report) -> str:
    counts = ", ".join(f"{number} {outcome}" for outcome, number in report.counts.items())
    number = sum(map(len, report.others.values()))
    reasons = ", ".join(f"{len(names)} {reason}" for reason, names in report.others.items())
    others = f"\n{number} other operations were not tried: {reasons}." if number else ""
    noun = "behaviour" if len(report.rows) == 1 else "behaviours"
    return f"{len(report.rows)} {noun}: {counts or 'none'}.{others}"


def _claim(row: Row) -> str:
    return f"{row.certainty}: {row.verified}" if row.verified else row.certainty


def _mono(text: str) -> str:
    return f"`{text}`" if text else ""


def _result(row: Row) -> str:
    return f"{row.outcome}: {row.reason}" if row.reason else row.outcome


def _markdown_table(head: Sequence[str], rows: Any) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join("| " + " | ".join(_cell(text) for text in row) + " |" for row in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _markdown_details(row: Row, clean: Clean) -> str:
    """Return the differences of one behaviour, and both replies."""
    sides = (("Live service", row.expected), ("Sandbox", row.got))
    replies = [_markdown_reply(title, reply, clean) for title, reply in sides if reply]
    differences = (_markdown_difference(_hide(one), clean) for one in row.differences)
    parts = [f"### {row.name}", _mono(row.request), _markdown_table(("Field", "Live service", "Sandbox"), differences)]
    return "\n\n".join(part for part in (*parts, *replies) if part)


def _markdown_difference(difference: Difference, clean: Clean) -> tuple[str, str, str]:
    name = difference.path.rpartition(".")[2]
    sides = (value if value is UNSET else clean(value, name) for value in (difference.expected, difference.got))
    left, right = map(_shown, sides)
    return _mono(difference.path), _mono(left), _mono(right)


def _markdown_reply(title: str, reply: ReceivedReply, clean: Clean) -> str:
    body = json.dumps(clean(hide_value(reply.body), ""), ensure_ascii=False, indent=2)
    shown = body if len(body) <= _MAX_BODY_CHARS else body[:_MAX_BODY_CHARS] + "\n…"
    fence = "```" if "```" not in shown else "~~~~~"
    return f"{title}: {reply.status}\n\n{fence}json\n{shown}\n{fence}"
