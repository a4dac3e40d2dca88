"""Random documents: every reply is valid against the spec, and the state can be dumped and loaded."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from starlette.testclient import TestClient

from refund_sandbox.app import SandboxApp, build
from refund_sandbox.core import package_files
from refund_sandbox.core.spec import loader
from refund_sandbox.core.spec.operation import SpecOperation
from refund_sandbox.core.yaml_reader import read_yaml
from refund_sandbox.settings import Settings
from tests.apis.test_random_documents import ANY_JSON
from tests.support import budget
from tests.support.funnelfox_calls import call, call_public, data, error_codes, set_clock
from tests.support.funnelfox_checkout import FEATURES, PHASES, RUNNING
from tests.support.funnelfox_state import KEY, ONEOFF, ORDER, ORG, SUBSCRIPTION, USER, load_state, order

OPERATIONS = loader.load("funnelfox").operations
SOURCE = read_yaml(package_files.path_of("specs", "funnelfox.yaml").read_text())
UPPER = SUBSCRIPTION.upper()
NUMBERS = (0, 1, -1, 2, 50, 99, 100, 500, 501, 1.5, 2.0, 10**9, 10**30, 1e300, -0.0, True)
TEXTS = ("", " ", "\0", "ж" * 300, "x" * 5000, "1e999999999", "NaN", "9.99", "-1", "1_0", "on", "monthly", "a,b", "ident\nx,y")
TIMES = ("2026-02-10T00:00:00Z", "2026-02-10T00:00:00", "5999-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")
# Usual values of fields, so that requests pass the validation and reach the rules.
USUAL: dict[str, tuple[Any, ...]] = {
    "external_id": (USER, USER, USER, "somebody", None),
    "order_id": (ORDER, ORDER, ONEOFF, ORDER.upper()),
    "subs_id": (SUBSCRIPTION, SUBSCRIPTION, UPPER, None),
    "oneoff_id": (ONEOFF, None),
    "pp_ident": ("monthly", "guide", "gems", "paid", "trial", "priceless"),
    "ident": ("monthly", "new", "newer", "newest", "gems"),
    "region": ("default",),
    "integration_type": ("primer", "stripe"),
    "payment_method_token": ("pm_4242424242424242", "pm_4000002500003155", "4000000000009995", "\0", "x" * 512),
    "resume_token": ("1234", "1111"),
    "client_token": ("ct_1", "ct_2"),
    "client_metadata": ({}, {"a": [1, {"b": None}]}),
    "strategy": ("price_prorate", "delayed_start"),
    "dry_run": (True, False, None),
    "strict_mode": (True, False, None),
    "intro_type": ("no_intro", "free_trial", "paid_trial"),
    "currency_code": ("USD", "USD", "JPY", "KWD", "\0"),
    "features": ([], ["gems"], "gems", ["unknown"]),
    "feature_type": ("timebased", "consumable"),
    "percent": (1, 50, 99),
    "count_of_iterations": (1, 3, None),
    "pause_till": (*TIMES, None),
    "defer_till": TIMES,
    "last_transaction_date": ("2025-01-01T00:00:00Z", *TIMES),
    "email_address": ("a@example.test", "b@example.test"),
    "status_eq": (["RECURRING"], [1, "x"], []),
    "query": ("user", "@"),
    "csv": ("ident,intro_type,currency_code,lifetime_price\nc,no_intro,USD,1\n", '"', "\0"),
    **dict.fromkeys(("next_price", "lifetime_price", "intro_paid_trial_price"), ("9.99", 5, None, "0")),
    **dict.fromkeys(("next_period", "intro_free_trial_period", "intro_paid_trial_period"), (1, 1_000_000, None)),
    **dict.fromkeys(
        ("next_period_duration", "intro_free_trial_period_duration", "intro_paid_trial_period_duration"),
        ("months", "years", None),
    ),
}
ODD: SearchStrategy[Any] = st.sampled_from((*NUMBERS, *TEXTS, *TIMES, None, [], {}))


def mostly(usual: SearchStrategy[Any], other: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Return the usual value in nine cases of ten."""
    return st.integers(0, 9).flatmap(lambda draw: usual if draw else other)


def documents(operation: SpecOperation) -> SearchStrategy[Any]:
    """Return documents of an operation, with usual values in most fields."""
    assert operation.body is not None
    schema = SCHEMAS[operation.operation_id]

    def value(name: str) -> SearchStrategy[Any]:
        return mostly(st.sampled_from(USUAL.get(name, ("", "x"))), ODD | ANY_JSON)

    required = {name: value(name) for name in schema.get("required", [])}
    optional = {name: value(name) for name in schema.get("properties", {}) if name not in required}
    return mostly(st.fixed_dictionaries(required, optional=optional), ANY_JSON)


def body_of(item: Any) -> Any:
    """Return the body schema of a path's operation."""
    named = item["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return SOURCE["components"]["schemas"][named]


SCHEMAS = {item["post"]["operationId"]: body_of(item) for item in SOURCE["paths"].values()}


@pytest.fixture(scope="module")
def shared_sandbox() -> SandboxApp:
    return build(Settings(check_replies=True))


def load_usual_state(shared_sandbox: SandboxApp, validation: str) -> None:
    session = {
        "order_id": ONEOFF,
        "client_token": "ct_1",
        "org_id": ORG,
        "external_id": USER,
        "pp_ident": "guide",
        "email": "s@example.test",
    }
    load_state(
        shared_sandbox,
        order(subs_id=SUBSCRIPTION),
        clock="2026-01-02T12:00:00Z",
        subscriptions=[RUNNING],
        price_points=PHASES,
        features=FEATURES,
        checkouts=[session],
        settings={"validation": validation},
        orgs=[{"id": ORG, "keys": [{"key": KEY}], "webhooks": [{"url": "http://127.0.0.1:9/", "signing_secret": "s"}]}],
    )


@pytest.mark.memory_only
@pytest.mark.parametrize("validation", ["strict", "live"])
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.operation_id)
def test_any_document_gets_a_reply_of_the_spec(operation: SpecOperation, validation: str, shared_sandbox: SandboxApp) -> None:
    client = TestClient(shared_sandbox.app)

    @settings(derandomize=True, max_examples=budget.examples(15), deadline=None, database=None)
    @given(st.lists(documents(operation), min_size=1, max_size=3))
    def send_all(bodies: list[Any]) -> None:
        load_usual_state(shared_sandbox, validation)
        for body in bodies:
            reply = client.post(f"/{ORG}/v1{operation.path}", content=json.dumps(body), headers={"ff-secret-key": KEY})

            assert reply.status_code in operation.replies
            assert reply.status_code < 500

        set_clock(shared_sandbox, "2026-03-02T12:00:00")
        left = shared_sandbox.workspace.dump()
        shared_sandbox.workspace.load(left)
        assert shared_sandbox.workspace.dump() == left

    send_all()


# These need another state than the one that the documents are sent to.
OTHER_STATE = ("cancelPayment", "enableAutorenew", "resumeSubscription", "resumePayment", "oneClick", "getTaxCalculation")


@pytest.mark.sampled(6)
@pytest.mark.memory_only
@pytest.mark.parametrize(
    "operation",
    [operation for operation in OPERATIONS if operation.operation_id not in OTHER_STATE],
    ids=lambda operation: operation.operation_id,
)
def test_the_documents_are_not_all_refused(operation: SpecOperation, shared_sandbox: SandboxApp) -> None:
    client = TestClient(shared_sandbox.app)

    def is_accepted(body: Any) -> bool:
        load_usual_state(shared_sandbox, "strict")
        reply = client.post(f"/{ORG}/v1{operation.path}", content=json.dumps(body), headers={"ff-secret-key": KEY})
        return reply.status_code == 200 and "error" not in reply.json()

    search = settings(max_examples=5000, phases=[Phase.generate], deadline=None, database=None)
    find(documents(operation), is_accepted, settings=search, random=Random(3))  # noqa: S311 - a fixed seed; raises NoSuchExample


ODD_TEXTS = ["ж" * 256, "\U0001f600", "'; DROP TABLE", "{}", " "]


@pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
def test_any_text_is_saved_unchanged(text: str, sandbox: SandboxApp, client: TestClient) -> None:
    load_usual_state(sandbox, "strict")
    session = {"region": "default", "integration_type": "primer", "pp_ident": "monthly", "external_id": text}
    opened = data(call_public(client, "/checkout/create_client_session", **session, client_metadata={"k": "v", text: 1}))

    paid = call_public(client, "/checkout/create_payment", order_id=opened["order_id"], payment_method_token=text)
    again = call_public(client, "/checkout/create_payment", order_id=opened["order_id"], payment_method_token=text)

    assert data(paid)["checkout_status"] == "succeeded"
    assert data(again) == data(paid)
    (subscription,) = data(call_public(client, "/my_assets", external_id=text))["subscriptions"]
    assert subscription["initial_order_metadata"] == {"k": "v", text: 1}
    assert [entry["code"] for entry in call(client, "/search_users", query=text).json().get("error", [])] == []


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/my_assets", {"external_id": "a\0"}),
        ("/payments_history", {"external_id": "\0"}),
        ("/user/update_email", {"external_id": "\0", "email_address": "a@example.test"}),
        ("/subscription/search", {"external_id": "\0"}),
        ("/checkout/one_click", {"external_id": "\0", "pp_ident": "guide"}),
        (
            "/checkout/create_client_session",
            {"external_id": "\0", "pp_ident": "guide", "region": "default", "integration_type": "primer"},
        ),
    ],
)
def test_a_text_with_a_nul_character_is_refused(path: str, fields: Any, sandbox: SandboxApp, client: TestClient) -> None:
    load_usual_state(sandbox, "strict")

    response = call(client, path, **fields)

    assert (response.status_code, error_codes(response)) == (400, ["json_invalid"])
