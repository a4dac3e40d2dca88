"""Secrets in the request log, events and lines."""

from tests.mutants.mutant import mutant

_CORE = "core"
_REDACTION = "tests/core/test_redaction.py"

MUTANTS = (
    mutant(
        "secrets: only texts are hidden",
        f"{_CORE}/redaction.py",
        "HIDDEN if is_secret(name, parent) else inner",
        "HIDDEN if is_secret(name, parent) and isinstance(inner, str) else inner",
        _REDACTION,
    ),
    mutant(
        "secrets: names in forms are not decoded",
        f"{_CORE}/redaction.py",
        "if equals and is_secret(decode_name(name)):",
        "if equals and is_secret(name):",
        _REDACTION,
    ),
    mutant(
        "secrets: names in cut JSON are not unescaped",
        f"{_CORE}/redaction.py",
        'name = _unescape(token.strip().strip("\\"\'"))',
        'name = token.strip().strip("\\"\'")',
        _REDACTION,
    ),
    mutant(
        "secrets: headers are logged as they are",
        f"{_CORE}/journal/journal.py",
        '"headers": hide_headers(headers)',
        '"headers": dict(headers)',
        "tests/control/test_security.py",
        "-k",
        "no_secret_of_a_call",
    ),
    mutant(
        "secrets: queries are logged as they are",
        f"{_CORE}/journal/journal.py",
        '"path": hide_url(f"{request.path}',
        '"path": str(f"{request.path}',
        "tests/control/test_security.py",
        "-k",
        "no_secret_of_a_call",
    ),
    mutant(
        "secrets: changes of records are logged as they are",
        f"{_CORE}/journal/changes.py",
        '"after": hide_value(',
        '"after": dict(',
        "tests/core/test_journal.py",
        "-k",
        "changed_record",
    ),
    mutant(
        "secrets: request lines show queries",
        "server/request_lines.py",
        'path = hide_url(f"{logged.path}',
        'path = str(f"{logged.path}',
        "tests/server/test_request_lines.py",
        "-k",
        "one_line or json",
    ),
    mutant(
        "secrets: events show the headers of deliveries",
        "control/event_feed.py",
        "hide_headers(delivery.headers), hide_url",
        "delivery.headers, hide_url",
        "tests/control/test_requests.py",
        "-k",
        "secret",
    ),
)
