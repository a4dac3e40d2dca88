"""The part of an API that a recording of its live service needs: how an order is read, and the state of a case."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from refund_sandbox.core.context import Request
from refund_sandbox.core.masks import Masks
from refund_sandbox.core.spec.router import Match


class OrderRead(Struct, frozen=True):
    """A request that reads an order, without credentials. `path` begins with that of the API."""

    method: str
    path: str
    body: Any = None


class Recording(Protocol):
    """Recordings of an API. A module with these functions is one.

    A case is a document with `given` (the state before), `gateway`, `request` and `expect`.
    """

    @property
    def CREDENTIALS(self) -> Sequence[str]:
        """Names in lower case of the headers that authenticate a request."""

    @property
    def ACCOUNTS(self) -> str:
        """List of the section that has the accounts."""

    @property
    def MASKS(self) -> Masks:
        """Parts of replies and orders that differ from one run to the next."""

    def stand_ins(self, match: Match, /) -> Mapping[str, str]:
        """Return values of a request that name its account, with those that cases have instead."""

    def credentials(self, headers: Mapping[str, str], status: int, /) -> Mapping[str, str]:
        """Return the headers that stand for the credentials in a case. Empty for credentials that the service does not know."""

    def find_order(self, match: Match, request: Request, /) -> str | None:
        """Return the id of the order that a request is about."""

    def order_reads(self, match: Match, request: Request, order_id: str, /) -> Sequence[OrderRead]: ...

    def read_state(self, request: Request, order_id: str, bodies: Sequence[Any], /) -> dict[str, Any] | None:
        """Return the order of a request as a case has it in `given`, from the bodies of its reads, or None."""

    def read_outcome(self, request: Request, order_id: str, before: Sequence[Any], after: Sequence[Any], /) -> dict[str, Any]:
        """Return what a request did, from the bodies of the reads before and after it, as a case has it in `expect`.

        That is `order` with its fields, or `unchanged`, and `activity` with new log entries. Empty if it is not known.
        """

    def order_of(self, given: Mapping[str, Any], /) -> tuple[str, dict[str, Any]] | None:
        """Return the id and the fields of the order in `given`, without the records around it."""

    def gateway_faults(self, body: Any, /) -> list[dict[str, Any]]:
        """Return the faults that make the sandbox's payment gateway answer as the reply shows."""

    def section(self, case: Mapping[str, Any], /) -> dict[str, Any]:
        """Return the section of the state document with the state before a case, and the accounts that cases use."""

    def fill_in(self, text: str, /) -> str:
        """Return a header or a path of a case with its placeholders filled in, as it is sent to a sandbox in that state."""
