"""Rules on who may create a workspace: whoever may only call the sandbox must not fill it with workspaces."""

from collections.abc import Callable
from functools import cached_property

from refund_sandbox.core.browser_rules import Verdict
from refund_sandbox.core.errors import AccessRefused
from refund_sandbox.core.redaction import is_bearer
from refund_sandbox.core.workspaces.workspace import Workspace
from refund_sandbox.stores.protocol import ReadTransaction

HasCredentials = Callable[[ReadTransaction], bool]
"""Whether a request has valid credentials of its API, in the state that a transaction reads."""


class CreationRules:
    """Rules of one server. `open_initial` returns a workspace in the initial state, whose credentials a new one would have."""

    def __init__(self, admin_token: str | None, open_initial: Callable[[], Workspace]) -> None:
        self._admin_token = admin_token
        self._open_initial = open_initial

    @cached_property
    def _initial(self) -> Workspace:
        return self._open_initial()

    def check(self, name: str, authorization: str, verdict: Verdict, has_credentials: HasCredentials) -> None:
        """Raise AccessRefused for a request to an API that may not create the workspace that it names."""
        if self._admin_token is not None and is_bearer(authorization, self._admin_token):
            return
        missing = f"Workspace {name!r} does not exist."
        if verdict.no_creation:
            raise AccessRefused(403, f"{missing} {verdict.no_creation} Create it with POST /w/{name}/_sandbox/reset.")
        if self._admin_token is not None:
            with self._initial.store.read_only() as transaction:
                if not has_credentials(transaction):
                    raise AccessRefused(401, f"{missing} Create it with the admin token, or with valid credentials of the API.")
