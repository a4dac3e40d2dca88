"""All mutants, by rule."""

from tests.mutants.mutant import Edit, Mutant, mutant

_FOX, _CART, _CORE = "apis/funnelfox", "apis/fluentcart", "core"
_LOCKS = "tests/stores/test_row_locks.py"
_ACCESS = "tests/control/test_access.py"
_REDACTION = "tests/core/test_redaction.py"
_HOSTILE = "tests/core/test_hostile_targets.py"
_HOOKS = "tests/apis/funnelfox/test_webhooks.py"

_LIMITS = (
    mutant(
        "limit: FunnelFox refunds one minor unit too many",
        f"{_FOX}/rules/refunds.py",
        "if amount > order.refundable:",
        "if amount > order.refundable + 1:",
        "tests/apis/funnelfox/test_refusals.py",
    ),
    mutant(
        "limit: FluentCart refunds one minor unit too many",
        f"{_CART}/rules/refunds.py",
        "if amount > refundable(charge):",
        "if amount > refundable(charge) + 1:",
        "tests/core/test_ledger.py",
    ),
    mutant(
        "limit: an accepted refund reserves nothing",
        f"{_FOX}/rules/refunds.py",
        "reserved=order.reserved + amount)",
        "reserved=order.reserved)",
        "tests/apis/funnelfox/test_settlement.py",
    ),
    mutant(
        "limit: a refund settles twice",
        f"{_FOX}/operations/refunds.py",
        'if refund and order and refund.psp_status == "PENDING":',
        "if refund and order:",
        "tests/apis/funnelfox/test_settlement.py",
    ),
)

_ORDER_OF_CHECKS = (
    mutant(
        "order: FluentCart compares with the charge first",
        f"{_CART}/rules/refunds.py",
        "if amount > order.total_paid:",
        "if amount > order.total_paid and amount <= refundable(charge):",
        "tests/conformance/test_recordings.py",
    ),
    mutant(
        "order: FunnelFox reads the body before the key",
        f"{_FOX}/lifecycle.py",
        "    if operation.secured:\n",
        "    parsing.read_json(request.body, context.max_depth)\n    if operation.secured:\n",
        "tests/apis/funnelfox/test_admission.py",
    ),
    mutant(
        "order: the document is validated before the order is looked up",
        f"{_CORE}/request_run.py",
        "        located = operation.locate(context) if operation.locate else None\n        lifecycle.validate(context)\n",
        "        lifecycle.validate(context)\n        located = operation.locate(context) if operation.locate else None\n",
        "tests/apis/fluentcart",
    ),
)

_LOCKING = (
    mutant(
        "lock: no row is locked",
        "stores/sql/statements.py",
        "documents.where(its_key).with_for_update()",
        "documents.where(its_key)",
        _LOCKS,
        store="postgresql",
    ),
    Mutant(
        "lock: the order of a FunnelFox refund",
        (
            Edit(f"{_FOX}/context.py", "get(ORDERS, order_id, for_update=True)", "get(ORDERS, order_id)"),
            Edit(f"{_FOX}/lifecycle.py", "Get(ORDERS, order_id, for_update=True)", "Get(ORDERS, order_id)"),
        ),
        (_LOCKS, "-k", "refund_of_funnelfox_counts"),
        "postgresql",
    ),
    Mutant(
        "lock: the subscription of a FunnelFox refund",
        (
            Edit(
                f"{_FOX}/bookkeeping.py",
                "transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True)",
                "transaction.get(SUBSCRIPTIONS, order.subs_id)",
            ),
            Edit(
                f"{_FOX}/operations/refunds.py",
                "Get(SUBSCRIPTIONS, order.subs_id, for_update=True)",
                "Get(SUBSCRIPTIONS, order.subs_id)",
            ),
            Edit(
                f"{_FOX}/webhooks.py",
                "transaction.get(SUBSCRIPTIONS, order.subs_id, for_update=True)",
                "transaction.get(SUBSCRIPTIONS, order.subs_id)",
            ),
        ),
        (_LOCKS, "-k", "keeps_a_change_of_the_subscription"),
        "postgresql",
    ),
    mutant(
        "lock: the order of a settlement",
        f"{_FOX}/operations/refunds.py",
        "work.transaction.get(ORDERS, refund.order_id, for_update=True)",
        "work.transaction.get(ORDERS, refund.order_id)",
        _LOCKS,
        "-k",
        "settlement",
        store="postgresql",
    ),
    mutant(
        "lock: a subscription that is changed",
        f"{_FOX}/context.py",
        'self.document["subs_id"].lower(), for_update=True)',
        'self.document["subs_id"].lower())',
        _LOCKS,
        "-k",
        "change_of_a_subscription",
        store="postgresql",
    ),
    Mutant(
        "lock: the order of a FluentCart refund",
        (
            Edit(
                f"{_CART}/operations/refunds.py",
                'context.find(ORDERS, context.params["order_id"])',
                'context.find(ORDERS, context.params["order_id"], for_update=False)',
            ),
            Edit(f"{_CART}/lifecycle.py", "Get(ORDERS, order_id, for_update=True)", "Get(ORDERS, order_id)"),
        ),
        (_LOCKS, "-k", "refund_of_fluentcart"),
        "postgresql",
    ),
    Mutant(
        "lock: the order that is marked as paid",
        (
            Edit(
                f"{_CART}/context.py",
                "self.find(kind, self.params[name])",
                "self.find(kind, self.params[name], for_update=False)",
            ),
            Edit(f"{_CART}/lifecycle.py", "php.as_id(params[name]) or 0, for_update=True)", "php.as_id(params[name]) or 0)"),
        ),
        (_LOCKS, "-k", "marked_as_paid"),
        "postgresql",
    ),
    mutant(
        "lock: a fault that is used up",
        f"{_CORE}/faults/fault_store.py",
        "fault = transaction.get(FAULTS, candidate.id, for_update=True)",
        "fault = transaction.get(FAULTS, candidate.id)",
        _LOCKS,
        "-k",
        "fault",
        store="postgresql",
    ),
    mutant(
        "lock: settings and clock",
        f"{_CORE}/workspaces/workspace.py",
        "state = change(self.state_in(transaction, for_update=True))",
        "state = change(self.state_in(transaction))",
        _LOCKS,
        "-k",
        "setting",
        store="postgresql",
    ),
    mutant(
        "lock: a deadlock is not tried again",
        f"{_CORE}/request_run.py",
        "_MAX_TRIES = 5",
        "_MAX_TRIES = 1",
        _LOCKS,
        "-k",
        "deadlock",
        store="postgresql",
    ),
)

_OUTBOX = (
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
        "attempt.due <= due_until and attempt.claimed_at < claimed_until and",
        "attempt.due <= due_until and",
        _HOOKS,
        "-k",
        "another_process",
        store="sqlite",
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
)

_SIGNATURES = (
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
    ),
    mutant(
        "credentials: any password is valid",
        f"{_CART}/wordpress/auth.py",
        "is_same(password, _alphanumeric(user.application_password))",
        "password",
        "tests/apis/fluentcart/test_wordpress.py",
    ),
    mutant(
        "credentials: any admin token is valid",
        f"{_CORE}/redaction.py",
        'scheme.lower() == "bearer" and is_same(',
        'scheme.lower() == "bearer" or is_same(',
        "tests/control/test_security.py",
        "-k",
        "token",
    ),
)

_ISOLATION = (
    mutant(
        "isolation: SQL reads records of every workspace",
        "stores/sql/statements.py",
        "ours, its_key = table.c.workspace == bindparam(WORKSPACE),",
        'ours, its_key = (table.c.workspace == bindparam(WORKSPACE)) | (bindparam(WORKSPACE) != ""),',
        "tests/control/test_workspaces.py",
        store="sqlite",
    ),
    mutant(
        "isolation: requests of all workspaces wait together",
        f"{_CORE}/workspaces/workspace.py",
        "waiters: FaultWaiters = field(default_factory=FaultWaiters)",
        "waiters: FaultWaiters = field(default_factory=lambda waiters=FaultWaiters(): waiters)  # noqa",
        "tests/core/test_waiting.py",
    ),
    mutant(
        "isolation: a waiting request books into the next state",
        f"{_CORE}/request_run.py",
        "elif self.epoch != state.epoch:",
        "elif False:",
        "tests/core/test_waiting.py",
    ),
    mutant(
        "isolation: held requests continue in any order",
        f"{_CORE}/faults/waiting.py",
        "for one in waiting:\n                    if one.is_over",
        "for one in reversed(waiting):\n                    if one.is_over",
        "tests/core/test_waiting.py",
        "-k",
        "order_of_their_arrival",
    ),
    mutant(
        "isolation: the deletion of a workspace deletes others",
        f"{_CORE}/workspaces/registry.py",
        'stored_name.startswith(f"{name}/")]\n        if own',
        "stored_name.startswith(name)]\n        if own",
        "tests/control/test_workspaces.py",
    ),
    mutant(
        "isolation: workspaces that other processes use are deleted",
        f"{_CORE}/workspaces/registry.py",
        ' and "/" not in name and state.used < too_old:',
        ' and "/" not in name:',
        "tests/stores/test_idle_workspaces.py",
    ),
    mutant(
        "isolation: workspaces that this process uses are deleted",
        f"{_CORE}/workspaces/registry.py",
        "if name not in self._open and name != DEFAULT and",
        "if name != DEFAULT and",
        "tests/stores/test_idle_workspaces.py",
    ),
    mutant(
        "isolation: the use of a workspace by an API is not stored",
        f"{_CORE}/request_run.py",
        "self.workspace.store_use()",
        "pass",
        "tests/stores/test_idle_workspaces.py",
    ),
    mutant(
        "isolation: the use of a workspace by the control API is not stored",
        "control/endpoint.py",
        "request.workspace.store_use()",
        "pass",
        "tests/stores/test_idle_workspaces.py",
    ),
    mutant(
        "isolation: a new workspace beyond the limit is created",
        f"{_CORE}/workspaces/registry.py",
        "        if self._count_others() >= self._limit:\n            idle",
        "        if self._count_others() > self._limit:\n            idle",
        "tests/control/test_workspaces.py",
    ),
)

_WHO_GETS_IN = (
    mutant(
        "access: pages of every origin call the APIs",
        f"{_CORE}/browser_rules.py",
        "if page is not None and not self._may_call(page, host, site):",
        "if False:",
        _ACCESS,
    ),
    mutant(
        "access: an allowed page creates workspaces",
        f"{_CORE}/browser_rules.py",
        "return _ALLOWED if page is None else Verdict(",
        "return _ALLOWED if True else Verdict(",
        _ACCESS,
    ),
    mutant(
        "access: public host names are let in",
        f"{_CORE}/browser_rules.py",
        "(name in self._hosts or not is_public(name))",
        "True",
        _ACCESS,
    ),
    mutant(
        "access: a link creates a workspace",
        "control/endpoint.py",
        "if is_from_foreign_page(request.headers):",
        "if False:",
        _ACCESS,
    ),
    mutant(
        "access: strangers create workspaces despite the token",
        f"{_CORE}/workspaces/creation.py",
        "if not has_credentials(transaction):",
        "if False:",
        _ACCESS,
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

_SECRETS = (
    mutant(
        "secrets: only texts are hidden",
        f"{_CORE}/redaction.py",
        "HIDDEN if is_secret(name, parent) else hide_value(",
        "HIDDEN if is_secret(name, parent) and isinstance(inner, str) else hide_value(",
        _REDACTION,
    ),
    mutant(
        "secrets: names in forms are not decoded",
        f"{_CORE}/redaction.py",
        "if equals and is_secret(_decode(name)):",
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
        "hide_url(entry.target)",
        "entry.target",
        "tests/control/test_security.py",
        "-k",
        "no_secret_of_a_call",
    ),
    mutant(
        "secrets: changes of records are logged as they are",
        f"{_CORE}/journal/journal.py",
        '"after": hide_value(',
        '"after": dict(',
        "tests/core/test_journal.py",
    ),
    mutant(
        "secrets: request lines show queries",
        "server/request_lines.py",
        'path = hide_url(f"{request.path}',
        'path = str(f"{request.path}',
        "tests/server/test_request_lines.py",
        "-k",
        "one_line or json",
    ),
    mutant(
        "secrets: events show the headers of deliveries",
        "control/request_endpoints.py",
        "hide_headers(delivery.headers), hide_url",
        "delivery.headers, hide_url",
        "tests/control/test_requests.py",
        "-k",
        "secret",
    ),
)

_TEXTS_AND_DATES = (
    mutant(
        "texts: the control API keeps NUL characters",
        f"{_CORE}/documents.py",
        'if "\\\\u0000" in text and has_nul(value):',
        "if False:",
        "tests/apis/test_unstorable_texts.py",
    ),
    mutant(
        "texts: FunnelFox keeps NUL characters",
        f"{_FOX}/parsing.py",
        'if "\\\\u0000" in text and has_nul(document):',
        "if False:",
        "tests/apis/test_unstorable_texts.py",
    ),
    mutant(
        "texts: every webhook URL is accepted",
        f"{_CORE}/validation/formats.py",
        "return is_known and is_host and",
        "return True or",
        "tests/control/test_target_urls.py",
    ),
    mutant(
        "dates: a subscription loses its day in a short month",
        f"{_FOX}/rules/billing_cycles.py",
        "return max([ends.day, *(day for day in days if day and is_last_day)])",
        "return ends.day",
        "tests/apis/funnelfox/test_anchor_days.py",
    ),
)

MUTANTS = (
    *_LIMITS,
    *_ORDER_OF_CHECKS,
    *_LOCKING,
    *_OUTBOX,
    *_SIGNATURES,
    *_ISOLATION,
    *_WHO_GETS_IN,
    *_SECRETS,
    *_TEXTS_AND_DATES,
)
