"""Protection of the control API and the console against pages of other origins."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from refund_sandbox.control.endpoint import problem_reply
from refund_sandbox.core.browser_rules import BrowserRules
from refund_sandbox.core.errors import AccessRefused


class BrowserGuard:
    """Middleware that applies the rules for browsers."""

    def __init__(self, app: ASGIApp, rules: BrowserRules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            self._rules.check_control(scope, Headers(scope=scope))
        except AccessRefused as refusal:
            await problem_reply(refusal.http_status, str(refusal))(scope, receive, send)
        else:
            await self._app(scope, receive, send)
