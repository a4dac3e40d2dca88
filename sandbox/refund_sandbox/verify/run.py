"""A comparison from start to end: read the live service, load its state into a sandbox, send each case to both."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from refund_sandbox import __version__
from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.masks import Masks
from refund_sandbox.core.redaction import hide_url
from refund_sandbox.core.spec.certainty import Certainty, CertaintyTable
from refund_sandbox.core.spec.router import Spec
from refund_sandbox.core.verification import Case, LiveServiceError, Query, ReceivedReply, Send, Subject, Untried, Verification
from refund_sandbox.testing import CallRejected, Sandbox
from refund_sandbox.verify.comparison import compare
from refund_sandbox.verify.form_comparison import compare_forms
from refund_sandbox.verify.http_exchange import HttpExchange, NoReply
from refund_sandbox.verify.report import Outcome, Report, Row, ShowProgress

_ACCEPTED = "The live service accepted what it should refuse. Nothing more was sent that it should refuse."
_UNKNOWN = "The result of the refund is unknown: look at order {order} before you do anything else. It was not sent again."
_FAILS = "the service is known to fail without parameters"
_FIRST_UNCERTAIN_STATUS = 500
_UNAVAILABLE = (429, 502, 503, 504)
"""Statuses of a service that is busy, and of what is in front of it."""
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Comparison:
    """Both sides of a comparison: an API with its spec, and a connection to its live service."""

    descriptor: ApiDescriptor
    spec: Spec
    live: Send

    @cached_property
    def certainties(self) -> CertaintyTable:
        return CertaintyTable(self.spec)

    @property
    def verification(self) -> Verification:
        return verification_of(self.descriptor)


def verification_of(descriptor: ApiDescriptor) -> Verification:
    """Return the comparison of an API. Raise LiveServiceError if it has none."""
    if descriptor.verification is None:
        raise LiveServiceError(f"{descriptor.title} can't be verified: its package has no comparison.")
    return descriptor.verification


def explore(comparison: Comparison, query: Query) -> Subject:
    """Read the live service. Raise LiveServiceError if it does not answer."""
    try:
        return comparison.verification.explore(query, _refusing_redirects(comparison.live))
    except NoReply as error:
        raise LiveServiceError(f"The live service does not answer at {hide_url(query.base_url)}: {error}") from None
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise LiveServiceError(f"A reply of the live service does not have the form that is known of it. {reason}") from error


def _refusing_redirects(send: Send) -> Send:
    """Return a function that sends a request and raises LiveServiceError for a redirect, which a comparison does not follow."""

    def sending(case: Case) -> ReceivedReply:
        reply = send(case)
        if reply.status in _REDIRECTS and "location" in reply.headers:
            raise LiveServiceError(f"The live service redirects to {hide_url(reply.headers['location'])}. Check --base-url.")
        return reply

    return sending


def run(comparison: Comparison, query: Query, subject: Subject, progress: ShowProgress) -> Report:
    """Send every case to the live service and to a sandbox in the same state, and return the report."""
    facts = {
        "Live service": f"{comparison.descriptor.title} at {hide_url(query.base_url)}",
        **subject.facts,
        "Sandbox": __version__,
        "Date": f"{datetime.now(UTC):%Y-%m-%d}",
    }
    with _twin(comparison.descriptor, subject) as twin:
        rows = [*_Run(comparison, subject, twin, query, progress).rows(), *_untried(comparison, subject)]
    return Report(facts, rows, _others(comparison, rows))


class Twin(Struct, frozen=True):
    """The sandbox in the state of the live service."""

    send: Send
    add_fault: Callable[[Mapping[str, Any]], Any]


@contextmanager
def _twin(descriptor: ApiDescriptor, subject: Subject) -> Iterator[Twin]:
    with Sandbox(fixture="empty") as sandbox:
        document = {"clock": subject.clock, "settings": subject.settings, descriptor.name: subject.section}
        try:
            sandbox.client.put("/state", document)
        except CallRejected as error:
            raise LiveServiceError(f"The sandbox can't hold the state of the live service: {error}") from None
        with HttpExchange(sandbox.url + subject.mount, is_own=True) as exchange:
            yield Twin(exchange.send, lambda fault: sandbox.client.post("/faults", fault))


class _Run:
    """One pass over the cases."""

    def __init__(self, comparison: Comparison, subject: Subject, twin: Twin, query: Query, progress: ShowProgress) -> None:
        self._comparison = comparison
        self._subject = subject
        self._twin = twin
        self._query = query
        self._progress = progress
        self._has_accepted = False
        verification = comparison.verification
        self._masks, self._refund_masks = verification.MASKS, verification.REFUND_MASKS

    def rows(self) -> Iterator[Row]:
        subject = self._subject
        refund = [subject.refund] if subject.refund else []
        cases = [*subject.cases, *_reads_by_form(self._comparison, subject)]
        number = len(cases) + len(refund) + len(subject.after_refund)
        for index, case in enumerate(cases, start=1):
            self._progress(index, number, case.name)
            yield self._compare(case, self._masks)
        for case in refund:
            self._progress(number, number, case.name)
            row = self._refund(case)
            yield row
            if row.outcome != "unknown":
                yield from (self._compare(after, self._refund_masks) for after in subject.after_refund)

    def _compare(self, case: Case, masks: Masks) -> Row:
        if case.kind == "refused" and self._has_accepted:
            return self._row(case, None, "not tried", _ACCEPTED)
        if case.compares == "form" and self._twin.send(case).status >= _FIRST_UNCERTAIN_STATUS:
            return self._row(case, None, "not tried", _FAILS)
        try:
            live = self._comparison.live(case)
        except NoReply as error:
            return self._row(case, None, "not tried", f"no reply: {error}")
        if live.status in _UNAVAILABLE:
            return self._row(case, live, "not tried", f"the live service answered {live.status}")
        self._has_accepted |= case.kind == "refused" and live.status < 400 and not _is_error(live)
        return self._result(case, live, self._twin.send(case), masks)

    def _refund(self, case: Case) -> Row:
        """Send the refund once. A failure on the way leaves its result unknown."""
        unknown = _UNKNOWN.format(order=self._query.refund[0] if self._query.refund else "")
        try:
            live = self._comparison.live(case)
        except NoReply as error:
            return self._row(case, None, "unknown", f"{error}. {unknown}")
        if live.status >= _FIRST_UNCERTAIN_STATUS:
            return self._row(case, live, "unknown", f"The live service answered {live.status}. {unknown}")
        for fault in self._comparison.verification.gateway_faults(live.body):
            self._twin.add_fault({"api": self._comparison.descriptor.name, "operation": case.operation, **fault})
        return self._result(case, live, self._twin.send(case), self._refund_masks)

    def _result(self, case: Case, live: ReceivedReply, own: ReceivedReply, masks: Masks) -> Row:
        differences = tuple(compare(live, own, masks) if case.compares == "values" else compare_forms(live, own, masks))
        paths = [difference.path for difference in differences]
        certainty = self._comparison.certainties.of_differences(case.operation, own.status, paths)
        if not differences:
            return _row(case, certainty, "alike")
        return replace(_row(case, certainty, "differs"), differences=differences, expected=live, got=own)

    def _row(self, case: Case, live: ReceivedReply | None, outcome: Outcome, reason: str) -> Row:
        certainty = self._comparison.certainties.of(case.operation)
        return replace(_row(case, certainty, outcome), reason=reason, expected=live)


def _row(case: Case, certainty: Certainty, outcome: Outcome) -> Row:
    request = f"{case.method} {hide_url(case.path) or '/'}"
    return Row(
        case.name,
        case.operation,
        certainty.word,
        outcome,
        verified=certainty.versions,
        request=request,
        compares=case.compares,
    )


def _reads_by_form(comparison: Comparison, subject: Subject) -> Iterator[Case]:
    """Yield a case for each list, report and page of settings that has none."""
    named = {case.operation for case in subject.cases} | {one.operation for one in subject.untried}
    for operation in comparison.spec.operations if subject.headers else ():
        name, path = operation.operation_id, operation.path
        is_read = operation.method == "GET" and comparison.descriptor.operations[name].reads_only
        if is_read and "{" not in path and name not in named:
            yield Case(f"The form of {path}", name, "read", "GET", path, subject.headers, compares="form")


def _is_error(reply: ReceivedReply) -> bool:
    """Whether a reply is an error with a status below 400."""
    return isinstance(reply.body, Mapping) and reply.body.get("status") == "error"


def _untried(comparison: Comparison, subject: Subject) -> Iterator[Row]:
    """Yield a row for each behaviour of which the API says why it has no case."""
    refund = comparison.descriptor.refund_form.OPERATION
    without_option = () if subject.refund else (Untried("A refund that is booked", refund, "needs --refund"),)
    for one in (*subject.untried, *without_option):
        certainty = comparison.certainties.of(one.operation)
        yield Row(one.name, one.operation, certainty.word, "not tried", one.reason, certainty.versions)


def _others(comparison: Comparison, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return the operations of which no row is, by the reason."""
    others: dict[str, list[str]] = {}
    for name in (operation.operation_id for operation in comparison.spec.operations):
        if all(row.operation != name for row in rows):
            reason = "have no case yet" if comparison.descriptor.operations[name].reads_only else "change data"
            others.setdefault(reason, []).append(name)
    return others
