"""Limits of refunds, the order of checks, texts that no store keeps, and dates of renewals."""

from tests.mutants.mutant import mutant

_FOX = "apis/funnelfox"
_CART = "apis/fluentcart"
_CORE = "core"

MUTANTS = (
    mutant(
        "limit: FunnelFox refunds one minor unit too many",
        f"{_FOX}/rules/refunds.py",
        "if amount > order.refundable:",
        "if amount > order.refundable + 1:",
        "tests/apis/funnelfox/test_refusals.py",
        "-k",
        "more_than_the_refundable",
    ),
    mutant(
        "limit: FluentCart refunds one minor unit too many",
        f"{_CART}/rules/refunds.py",
        "if amount > refundable(charge):",
        "if amount > refundable(charge) + 1:",
        "tests/apis/fluentcart/test_limits.py",
    ),
    mutant(
        "limit: an accepted refund reserves nothing",
        f"{_FOX}/rules/refunds.py",
        "reserved=order.reserved + amount)",
        "reserved=order.reserved)",
        "tests/apis/funnelfox/test_settlement.py",
        "-k",
        "pending_amount",
    ),
    mutant(
        "limit: a refund settles twice",
        f"{_FOX}/operations/refunds.py",
        'if refund and order and refund.psp_status == "PENDING":',
        "if refund and order:",
        "tests/apis/funnelfox/test_settlement.py",
        "-k",
        "repeated_or_unknown",
    ),
    mutant(
        "order: FluentCart compares with the charge first",
        f"{_CART}/rules/refunds.py",
        "if amount > order.total_paid:",
        "if amount > order.total_paid and amount <= refundable(charge):",
        "tests/apis/fluentcart/test_limits.py",
    ),
    mutant(
        "order: FunnelFox reads the body before the key",
        f"{_FOX}/lifecycle.py",
        "    if operation.secured:\n",
        "    parsing.read_json(request.body, context.max_depth)\n    if operation.secured:\n",
        "tests/apis/funnelfox/test_admission.py",
        "-k",
        "checked_in_this_order",
    ),
    mutant(
        "order: the document is validated before the order is looked up",
        f"{_CORE}/request_run.py",
        "        located = operation.locate(context) if operation.locate else None\n        lifecycle.validate(context)\n",
        "        lifecycle.validate(context)\n        located = operation.locate(context) if operation.locate else None\n",
        "tests/apis/fluentcart/test_modes.py",
        "-k",
        "after_the_order_is_found",
    ),
    mutant(
        "texts: the control API keeps NUL characters",
        f"{_CORE}/documents.py",
        'if "\\\\u0000" in text and has_nul(value):',
        "if False:",
        "tests/apis/test_unstorable_texts.py",
        "-k",
        "NUL and strict",
    ),
    mutant(
        "texts: FunnelFox keeps NUL characters",
        f"{_FOX}/parsing.py",
        'if "\\\\u0000" in text and has_nul(document):',
        "if False:",
        "tests/apis/test_unstorable_texts.py",
        "-k",
        "NUL and strict",
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
