"""Reference of the scenarios: which requests they hit, and what a client sees."""

from collections.abc import Iterator

from docs.generate.control_schemas import fault_table
from docs.generate.markdown import mono, page, table
from docs.generate.scenarios import APIS, Effect, effects

_INTRODUCTION = """# Scenarios

A scenario is a fault with a name. It hits the next request that it matches, once unless the table says otherwise. There are four
ways to enable one:

| How | Example |
| --- | --- |
| Control API | `POST /_sandbox/faults` with `{"scenario": "reply_lost", "match": {"order_id": 1001}}` |
| Request header | `X-Sandbox-Scenario: reply_lost` |
| Reason of a refund | `"reason": "sandbox:reply_lost"` |
| An order of a state document or of the factory | `"scenario": "reply_lost"`; it hits every request about this order |

A scenario with the operation *any* hits whichever request comes first, a read too. Limit it to an order with `match`."""
_COLUMNS = ("Scenario", "API", "Operation", "Phase", "The client sees", "Refund booked")
_FAULTS = """## Faults of your own

A fault without a name has these fields. A request for a scenario may have them too; they replace those of the scenario."""


def render() -> str:
    titles = dict.fromkeys((effect.scenario, effect.title) for effect in effects())
    return page(
        _INTRODUCTION,
        "## All scenarios",
        table(("Scenario", "Meaning"), ((mono(name), title) for name, title in titles)),
        "## Effects on a refund",
        table(_COLUMNS, _rows()),
        _FAULTS,
        fault_table(),
    )


def _rows() -> Iterator[tuple[str, ...]]:
    """A row for each scenario and API; APIs of which the same is true share one."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for effect in effects():
        rows.setdefault(_row(effect), []).append(APIS[effect.api])
    for (name, *rest), apis in rows.items():
        yield (name, "both" if len(apis) == len(APIS) else apis[0], *rest)


def _row(effect: Effect) -> tuple[str, ...]:
    booked = "yes" if effect.booked else "no"
    times = effect.fault.get("times", 1)
    often = "" if times == 1 else " (every request)" if times is None else f" ({times} requests)"
    remark = f"; {effect.remark}" if effect.remark else ""
    operation = effect.operation if effect.operation != "`refundPayment`" else "refund"
    operation = "refund" if operation == "`refundOrder`" else operation
    return mono(effect.scenario) + often, operation, effect.phase, effect.sees, booked + remark
