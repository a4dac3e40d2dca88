"""Access by browsers and strangers."""

from tests.mutants.mutant import mutant

_CORE = "core"
_ACCESS = "tests/control/test_access.py"

MUTANTS = (
    mutant(
        "access: pages of every origin call the APIs",
        f"{_CORE}/browser_rules.py",
        "if page is not None and not self._may_call(page, host, site):",
        "if False:",
        _ACCESS,
        "-k",
        "elsewhere",
    ),
    mutant(
        "access: an allowed page creates workspaces",
        f"{_CORE}/browser_rules.py",
        "return _ALLOWED if page is None else Verdict(",
        "return _ALLOWED if True else Verdict(",
        _ACCESS,
        "-k",
        "allowed_page",
    ),
    mutant(
        "access: public host names are let in",
        f"{_CORE}/browser_rules.py",
        "(name in self._hosts or not is_public(name))",
        "True",
        _ACCESS,
        "-k",
        "rebound_host",
    ),
    mutant(
        "access: a link creates a workspace",
        "control/endpoint.py",
        "if is_from_foreign_page(request.headers):",
        "if False:",
        _ACCESS,
        "-k",
        "link_creates",
    ),
    mutant(
        "access: strangers create workspaces despite the token",
        f"{_CORE}/workspaces/creation.py",
        "if not has_credentials(transaction):",
        "if False:",
        _ACCESS,
        "-k",
        "stranger_creates",
    ),
    mutant(
        "access: pages of other origins use the control API",
        f"{_CORE}/browser_rules.py",
        "if page is not None and not is_link:",
        "if False:",
        "tests/control/test_browser_guard.py",
    ),
    mutant(
        "access: any host name reaches the control API",
        f"{_CORE}/browser_rules.py",
        "if not (self._open_hosts or IN_PROCESS in scope or self._is_allowed(host)):",
        "if False:",
        "tests/control/test_browser_guard.py",
    ),
)
