"""Row locks, and requests that conflict."""

from tests.mutants.mutant import Edit, Mutant, mutant

_FOX = "apis/funnelfox"
_CART = "apis/fluentcart"
_CORE = "core"
_LOCKS = "tests/stores/test_row_locks.py"

MUTANTS = (
    mutant(
        "lock: no row is locked",
        "stores/sql/statements.py",
        "documents.where(its_key).with_for_update()",
        "documents.where(its_key)",
        _LOCKS,
        "-k",
        "marked_as_paid",
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
