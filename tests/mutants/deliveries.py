"""The outbox, deliveries, and signatures."""

from tests.mutants.mutant import Edit, Mutant, mutant

_FOX = "apis/funnelfox"
_CART = "apis/fluentcart"
_CORE = "core"
_ACCESS = "tests/control/test_access.py"
_HOSTILE = "tests/core/test_hostile_targets.py"
_HOOKS = "tests/apis/funnelfox/test_webhooks.py"

MUTANTS = (
    Mutant(
        "outbox: events are stored after the commit",
        (
            Edit(
                f"{_CORE}/request_run.py",
                "has_deliveries = bool(context.drafts) and emit_events(api, context, self.workspace.faults, context.enabled)",
                "pass",
            ),
            Edit(
                f"{_CORE}/request_run.py",
                "        if has_deliveries:\n            self.workspace.schedule_delivery",
                "        if context.drafts and reply.status < 400:\n"
                "            with store.transaction() as context.transaction:\n"
                "                has_deliveries = emit_events(api, context, self.workspace.faults, context.enabled)\n"
                "        if has_deliveries:\n            self.workspace.schedule_delivery",
            ),
        ),
        (_HOOKS, "-k", "outbox"),
    ),
    mutant(
        "outbox: an attempt that another process sends is claimed",
        f"{_CORE}/webhooks/attempts.py",
        "        if transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:\n            return None\n",
        "",
        _HOOKS,
        "-k",
        "another_process or claimed_once",
        store="sqlite",
    ),
    mutant(
        "outbox: claims of other processes are not seen",
        f"{_CORE}/webhooks/attempts.py",
        "attempt.due <= due_until and attempt.claimed_at < claimed_until:",
        "attempt.due <= due_until:",
        _HOOKS,
        "-k",
        "another_process",
        store="sqlite",
    ),
    mutant(
        "outbox: nobody looks for deliveries of a process that has ended",
        "app.py",
        "if store.is_shared:\n        worker",
        "if False:\n        worker",
        _HOOKS,
        "-k",
        "event_of_a_process",
        store="sqlite",
    ),
    mutant(
        "outbox: an advance waits for deliveries that are emitted meanwhile",
        f"{_CORE}/webhooks/workspace_deliveries.py",
        "for url, task in self._targets.items() if url in urls]",
        "for url, task in self._targets.items()]",
        "tests/core/test_hostile_targets.py",
        "-k",
        "causes_another_one",
    ),
    mutant(
        "outbox: the result of an attempt that is gone is stored",
        f"{_CORE}/webhooks/attempts.py",
        "if delivery is None or transaction.get(ATTEMPTS, attempt.id, for_update=True) != attempt:",
        "if delivery is None:",
        _HOOKS,
        "-k",
        "attempt_that_is_gone",
    ),
    mutant(
        "delivery: redirects are followed",
        f"{_CORE}/webhooks/http_sender.py",
        "follow_redirects=False",
        "follow_redirects=True",
        _HOSTILE,
        "-k",
        "redirect",
    ),
    mutant(
        "delivery: proxies of the environment are used",
        f"{_CORE}/webhooks/http_sender.py",
        "trust_env=False",
        "trust_env=True",
        _HOSTILE,
        "-k",
        "proxy",
    ),
    mutant(
        "signature: the signature is not that of the body",
        f"{_FOX}/webhooks.py",
        "webhook.signing_secret.encode(), body_of(event)",
        "webhook.signing_secret.encode(), event.id.encode()",
        _HOOKS,
        "-k",
        "signed",
    ),
    mutant(
        "credentials: a disabled key is valid",
        f"{_FOX}/lifecycle.py",
        "if key.enabled and is_same(",
        "if is_same(",
        "tests/apis/funnelfox/test_admission.py",
        "-k",
        "without_a_valid_key",
    ),
    mutant(
        "credentials: any password is valid",
        f"{_CART}/wordpress/auth.py",
        "is_same(password, _alphanumeric(user.application_password))",
        "password",
        "tests/apis/fluentcart/test_wordpress.py",
        "-k",
        "invalid_credentials",
    ),
    mutant(
        "credentials: any admin token is valid",
        f"{_CORE}/redaction.py",
        'scheme.lower() == "bearer" and is_same(',
        'scheme.lower() == "bearer" or is_same(',
        _ACCESS,
        "-k",
        "stranger_creates",
    ),
)
