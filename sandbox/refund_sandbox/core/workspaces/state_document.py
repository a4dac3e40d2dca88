"""The state document: its JSON Schema, the checks that a schema cannot express, and how it is written."""

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import Any, NamedTuple

from refund_sandbox.core import record_schema
from refund_sandbox.core.api import Api, ApiDescriptor
from refund_sandbox.core.errors import BadDocument, Problem
from refund_sandbox.core.faults.fault_store import Scenarios, scenario_problem
from refund_sandbox.core.json_writer import dump_pieces
from refund_sandbox.core.validation.validator import Validator
from refund_sandbox.core.validation.violation import bad_document
from refund_sandbox.stores.protocol import ReadTransaction
from refund_sandbox.workspace_settings import WorkspaceSettings

Document = Mapping[str, Any]


def state_schema(apis: Mapping[str, ApiDescriptor]) -> dict[str, Any]:
    """Return the JSON Schema of the state document."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "clock": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "settings": {**settings_schema(apis.values()), "type": ["object", "null"]},
            **{name: {**api.state.SCHEMA, "type": ["object", "null"]} for name, api in apis.items()},
        },
    }


def settings_schema(apis: Iterable[ApiDescriptor]) -> dict[str, Any]:
    """Return the JSON Schema of the settings of a workspace: general ones, and an object for each API."""
    schema = record_schema.schema_of(WorkspaceSettings)
    own = {name: part for name, part in schema["properties"].items() if name != "apis"}
    return {**schema, "properties": {**own, **{api.name: record_schema.schema_of(api.settings) for api in apis}}}


def check_state(document: Any, validator: Validator, apis: Mapping[str, Api], scenarios: Scenarios) -> None:
    """Raise BadDocument, listing every mistake, for a document that violates the schema or names an unknown scenario."""
    if violations := validator.violations(document):
        raise bad_document(violations)
    if problems := list(_unknown_scenarios(document, apis, scenarios)):
        raise BadDocument(problems)


def check_scenario(scenario: Any, api: str, scenarios: Scenarios) -> None:
    """Raise BadDocument for an order that names a scenario that does not exist, or that can't hit it."""
    problem = None if scenario is None else scenario_problem(scenario, api, scenarios)
    if problem:
        raise BadDocument([Problem("/scenario", problem)])


def has_scenarios(document: Document, apis: Mapping[str, Api]) -> bool:
    """Whether an order of the document names a scenario."""
    orders = (order for name in apis for order in (document.get(name) or {}).get("orders", []))
    return any(order.get("scenario") is not None for order in orders)


def _unknown_scenarios(document: Document, apis: Mapping[str, Api], scenarios: Scenarios) -> Iterator[Problem]:
    for name in apis:
        for index, order in enumerate((document.get(name) or {}).get("orders", [])):
            scenario = order.get("scenario")
            problem = None if scenario is None else scenario_problem(scenario, name, scenarios)
            if problem:
                yield Problem(f"/{name}/orders/{index}/scenario", problem)


class WrittenState(NamedTuple):
    """A state document as JSON in pieces, and what is in it.

    `orders` is the number of orders of each API. `entries` is that of all entries of its lists, each on a line of its own.
    """

    orders: Mapping[str, int]
    entries: int
    pieces: Iterator[bytes]


def write_state(
    clock: str | None, settings: WorkspaceSettings, records: ReadTransaction, apis: Mapping[str, Api]
) -> WrittenState:
    """Return the state document of all records. They must not change meanwhile."""
    sections = {name: api.descriptor.state.dump(records) for name, api in apis.items()}
    lists = [entries for section in sections.values() for entries in section.values() if not isinstance(entries, dict)]
    return WrittenState(
        {name: len(section["orders"]) for name, section in sections.items() if isinstance(section.get("orders"), Sized)},
        sum(len(entries) for entries in lists if isinstance(entries, Sized)),
        dump_pieces({"clock": clock, "settings": settings.to_document(), **sections}),
    )


def count_orders(document: Document, apis: Iterable[str]) -> dict[str, int]:
    """Return the number of orders of each API in a document."""
    return {name: len((document.get(name) or {}).get("orders", ())) for name in apis if name in document}
