"""Schemathesis against the served specs, for each setting that changes replies.

Each operation is reached, nothing is answered that the spec forbids, and no 5xx.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineEvent, FatalError, NonFatalError, ScenarioFinished
from schemathesis.schemas import BaseSchema
from starlette.testclient import TestClient

from refund_sandbox.apis.fluentcart.versions import VERSIONS
from refund_sandbox.apis.funnelfox.settings import ENVELOPES
from refund_sandbox.app import build
from refund_sandbox.core import package_files
from refund_sandbox.core.spec import loader
from refund_sandbox.core.yaml_reader import read_yaml
from refund_sandbox.settings import Settings
from tests.support import budget, raw_http
from tests.support.sample_calls import FLUENTCART, FUNNELFOX, NEEDS_ANOTHER_STATE, Known

pytestmark = pytest.mark.memory_only

BASES = {"funnelfox": "/your-org-id/v1", "fluentcart": "/wp-json/fluent-cart/v2"}
CREDENTIALS = {
    "funnelfox": {"ff-secret-key": raw_http.CREDENTIALS["ff-secret-key"]},
    "fluentcart": {"Authorization": raw_http.CREDENTIALS["authorization"]},
}
KNOWN = {"funnelfox": FUNNELFOX, "fluentcart": FLUENTCART}
REFUSALS = ["2xx", "3xx", "400", "401", "403", "404", "422", "423"]
CHECKS: dict[str, Any] = {
    "positive_data_acceptance": {"expected-statuses": REFUSALS},  # a well-formed call may still break a rule
}
WORDPRESS: dict[str, Any] = {
    "unsupported_method": {"enabled": False},  # WordPress knows no 405 (05-031)
}


def refused_with_500() -> list[str]:
    """The operations whose spec has the plugin's refusal as a 500."""
    document = read_yaml(package_files.path_of("specs", "fluentcart.yaml").read_text())
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    refusals = "#/components/responses/StatusRefused"
    return [one["operationId"] for one in operations if one["responses"].get("500", {}).get("$ref") == refusals]


# The plugin hands these refusals to WordPress as its own errors, which makes them a 500 (14-034, 14-036).
REFUSED_WITH_500: dict[str, Any] = {
    "include-operation-id": refused_with_500(),
    "checks": {
        "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "500"]},
        "positive_data_acceptance": {"expected-statuses": [*REFUSALS, "500"]},
    },
}
# A 404 here speaks of the transaction in the body or path, not of the order that a call before has made.
TWO_RECORDS = {
    "include-operation-id": ["refundOrder", "getTransaction"],
    "checks": {"ensure_resource_availability": {"enabled": False}},
}


# Where the path's records are looked up before anything else, strangers get 403 for unknown ones (13-026).
LOOKED_UP_FIRST = {
    "include-operation-id": [one.operation_id for one in loader.load("fluentcart").operations if "x-binds" in one.extensions],
    "checks": {"missing_required_header": {"enabled": False}},
}


# The plugin replaces invalid parameters of a query with their defaults (11-010 to 11-020).
LENIENT_QUERIES = {
    "include-operation-id": [
        path["get"]["operationId"]
        for path in read_yaml(package_files.path_of("specs", "fluentcart.yaml").read_text())["paths"].values()
        if path.get("get", {}).get("parameters")
    ],
    "checks": {"negative_data_rejection": {"enabled": False}},
}


@dataclass(frozen=True)
class EmulatedApi:
    """An API, and its spec as it is served."""

    api: str
    app: Any
    document: Mapping[str, Any]
    settings: Mapping[str, str]

    def schema(self, step: int = 1) -> BaseSchema:
        """The spec as schemathesis reads it, with one of `step` operations."""
        names = [operation["operationId"] for path in self.document["paths"].values() for operation in path.values()]
        left_out = [name for index, name in enumerate(names) if index % step]
        schema = schemathesis.openapi.from_dict(dict(self.document), config=config(self.api, left_out))
        schema.app = self.app
        return schema

    def operations(self) -> dict[str, Any]:
        """The operations by their ids."""
        found = (result.ok() for result in self.schema().get_all_operations() if isinstance(result, Ok))
        return {operation.definition.raw["operationId"]: operation for operation in found}

    def data(self, document: Any) -> Any:
        """The data of a reply without its envelope."""
        return document.get("data") if self.settings.get("envelope", "never") != "never" else document


# A number below /customers has a route of its own, which takes GET alone (32-165).
OF_DIGITS = {
    "include-operation-id": ["getCustomer", "updateCustomer"],
    "checks": {"allow_header_conformance": {"enabled": False}},
}


# The plugin crashes without params[groupKey], and with a date that is none.
CRASHING_REPORTS = {
    "include-operation-id": ["getOrdersByGroup", "getRevenueByGroup", "getReportDashboardStats"],
    "checks": {
        **REFUSED_WITH_500["checks"],
        "negative_data_rejection": {"enabled": False},
    },
}


OF_WORDPRESS = [REFUSED_WITH_500, TWO_RECORDS, LOOKED_UP_FIRST, LENIENT_QUERIES, OF_DIGITS, CRASHING_REPORTS]


def config(api: str, left_out: list[str]) -> SchemathesisConfig:
    """Every check, a fixed seed, few examples; credentials are given."""
    wordpress = api == "fluentcart"
    document = {
        "seed": 42,
        "base-url": f"http://testserver{BASES[api]}",
        "headers": CREDENTIALS[api],
        "generation": {"max-examples": budget.examples(10), "deterministic": True, "database": "none"},
        "checks": {**CHECKS, **(WORDPRESS if wordpress else {})},
        "operations": [
            *([{"include-operation-id": left_out, "enabled": False}] if left_out else []),
            *(OF_WORDPRESS if wordpress else []),
        ],
    }
    return SchemathesisConfig.from_dict(document)


SETTINGS = [
    *[("funnelfox", {"envelope": envelope}) for envelope in ENVELOPES],
    *[("fluentcart", {"version": version}) for version in VERSIONS],
]


@pytest.fixture(params=SETTINGS, ids=lambda one: "-".join((one[0], *one[1].values())))
def emulated(request: pytest.FixtureRequest) -> Iterator[EmulatedApi]:
    """The demo state with strict validation, called in this process."""
    api, settings = request.param
    sandbox = build(Settings(check_replies=True))
    client = TestClient(sandbox.app)
    client.put("/_sandbox/settings", json={api: settings})
    yield EmulatedApi(api, sandbox.app, client.get(f"/specs/{api}.json").json(), settings)
    sandbox.close()


def problems(events: Iterator[EngineEvent]) -> Iterator[str]:
    """Problems of a run: failed checks, with the call that shows them, and crashes."""
    for event in events:
        if isinstance(event, NonFatalError):
            yield f"{event.label}: {event.value!r}"
        if isinstance(event, FatalError):
            yield repr(event.exception)
        if isinstance(event, ScenarioFinished):
            nodes = [node for found in event.recorder.checks.values() for node in found if node.failure_info]
            for failure in (node.failure_info for node in nodes):
                assert failure is not None
                yield f"{event.recorder.label}: {failure.failure}\n{failure.code_sample}"


@pytest.mark.sampled(4)
def test_replies_to_generated_requests_conform_to_the_spec(emulated: EmulatedApi) -> None:
    schema = emulated.schema(3 if budget.short else 1)

    found = list(problems(iter(from_schema(schema).execute())))

    assert not found, "\n\n".join(found)


def filled(value: Any, saved: Mapping[str, Any]) -> Any:
    """The value with what earlier calls have answered."""
    if isinstance(value, dict):
        return {name: filled(entry, saved) for name, entry in value.items()}
    return saved[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def accepted(emulated: EmulatedApi, operation: Any, known: Known, saved: dict[str, Any]) -> None:
    """Make a known call, apply every check to its reply, and save the values that later calls need."""
    path = {name: str(value) for name, value in filled(known.path, saved).items()}
    body = {} if known.body is None else {"body": filled(known.body, saved), "media_type": "application/json"}
    case = operation.Case(path_parameters=path, **body)
    reply = case.call_and_validate(headers=CREDENTIALS[emulated.api])

    assert reply.status_code == 200, (known.operation, reply.text)
    assert '"status":"error"' not in reply.text, (known.operation, reply.text)
    saved.update(known.values_of(emulated.data(reply.json())))


@pytest.mark.sampled(3)
def test_every_operation_accepts_a_call_in_the_demo_state(emulated: EmulatedApi) -> None:
    saved: dict[str, Any] = {}
    operations = emulated.operations()
    calls = [known for known in KNOWN[emulated.api] if known.operation in operations]

    for known in calls:
        accepted(emulated, operations[known.operation], known, saved)

    missing = set(operations) - {known.operation for known in calls}
    assert missing == (set(NEEDS_ANOTHER_STATE) & set(operations) if emulated.api == "fluentcart" else set())
