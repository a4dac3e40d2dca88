"""The part of an API that a comparison with the live service needs: what to read, what to send, and which state follows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct, field

from refund_sandbox.core.errors import SandboxError
from refund_sandbox.core.masks import Masks


class LiveServiceError(SandboxError):
    """The live service does not answer, or not in a way that a comparison can start from."""


class ReceivedReply(Struct, frozen=True):
    """A reply as a client received it. `body` is the JSON value, or the text of a body that is not JSON."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers by lower-case name."""
    body: Any = None


class Case(Struct, frozen=True):
    """One behaviour to compare: a request that goes to the live service and to the sandbox.

    A `read` changes nothing. The service must refuse what is `refused`, whatever its state is. A `refund` books.
    Replies that depend on more than a comparison reads are compared by their form: names of fields and types of values.
    """

    name: str
    operation: str
    """Its operationId in the spec."""
    kind: Literal["read", "refused", "refund"]
    method: str
    path: str
    """Path and query below the base URL."""
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    compares: Literal["values", "form"] = "values"


class Untried(Struct, frozen=True):
    """A behaviour without a case, and the reason."""

    name: str
    operation: str
    reason: str


class Query(Struct, frozen=True):
    """The options of a comparison. Empty texts are options that are not set."""

    base_url: str
    user: str = ""
    """Login and password, with a colon between them."""
    key: str = ""
    order: str = ""
    customer: str = ""
    version: str = ""
    refund: tuple[str, str] | None = None
    """The order to refund, and the amount as the API takes it."""


class Subject(Struct, frozen=True):
    """The live service as its reads show it."""

    facts: Mapping[str, str]
    """Names and values for the head of the report."""
    settings: Mapping[str, Any]
    """Settings of the sandbox that is compared, with those of the API under its name."""
    section: Mapping[str, Any]
    """The API's section of the state document, as far as the reads show the state."""
    mount: str
    """Path of the API on the sandbox."""
    cases: Sequence[Case]
    clock: str | None = None
    """Time at which the clock of the sandbox stands still. None lets it run."""
    untried: Sequence[Untried] = ()
    refund: Case | None = None
    after_refund: Sequence[Case] = ()
    """Reads that show what a refund has booked."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of a read. With them, every GET operation without a case is compared by the form of its reply."""


Send = Callable[[Case], ReceivedReply]
"""Function that sends a request to the live service, once. Raises LiveServiceError."""


class Verification(Protocol):
    """The comparison of an API with its live service. A module with these functions is one."""

    @property
    def CREDENTIALS(self) -> Literal["user", "key"]:
        """Option that holds the credentials."""

    @property
    def MASKS(self) -> Masks: ...

    @property
    def REFUND_MASKS(self) -> Masks:
        """Masks of a refund and of the reads after it, which have new ids and times."""

    def base_url(self, url: str, /) -> str:
        """Return the base URL of the API from a URL that a user has typed. Raise LiveServiceError for an impossible one."""

    def explore(self, query: Query, send: Send, /) -> Subject:
        """Read the live service, and return the state and the cases. Send reads only. Raise LiveServiceError."""

    def gateway_faults(self, body: Any, /) -> list[dict[str, Any]]:
        """Return the faults with which the sandbox's payment gateway refuses, as the live one did in this reply to a refund."""
