"""specs/funnelfox.yaml has every operation of the live API with its certainty."""

import pytest

from refund_sandbox.core import package_files
from refund_sandbox.core.yaml_reader import read_yaml

pytestmark = pytest.mark.memory_only

SPEC = read_yaml(package_files.path_of("specs", "funnelfox.yaml").read_text())
OPERATIONS = {path: item["post"] for path, item in SPEC["paths"].items()}
CERTAINTIES = ("documented", "observed", "assumed")
SECRET = """
    /payment/refund /payment/cancel /subscription/enable_autorenew /subscription/disable_autorenew /subscription/migration
    /discount /subscription/defer /subscription/pause /subscription/resume /subscription/search /pp/create /pp/update
    /pp/export_csv /pp/import_csv /feature/create /payments_history /transaction_report /search_users /user/update_email
    /checkout/get_tax_calculation
""".split()
PUBLIC = """
    /price_points /features /my_assets /checkout/create_client_session /checkout/create_simple_client_session
    /checkout/update_client_session /checkout/create_payment /checkout/resume_payment /checkout/one_click
""".split()


def test_all_29_operations_are_there_public_or_secret_as_documented() -> None:
    public = {path for path, operation in OPERATIONS.items() if operation.get("security") == []}

    assert len(OPERATIONS) == 29
    assert public == set(PUBLIC)
    assert set(OPERATIONS) - public == set(SECRET)
    assert all(list(item) == ["post"] for item in SPEC["paths"].values())


@pytest.mark.parametrize("path", [*SECRET, *PUBLIC])
def test_an_operation_and_its_replies_have_a_certainty(path: str) -> None:
    operation = OPERATIONS[path]
    replies = [reply for reply in operation["responses"].values() if "$ref" not in reply]

    assert operation["x-certainty"] in CERTAINTIES
    if path != "/payment/refund":  # its reply is the published one, to the letter
        assert all(reply["x-certainty"] in CERTAINTIES for reply in replies)
    assert SPEC["components"]["responses"]["Refused"]["x-certainty"] == "assumed"


@pytest.mark.parametrize("path", [*SECRET, *PUBLIC])
def test_an_operation_says_what_the_same_call_does_again(path: str) -> None:
    assert OPERATIONS[path]["x-repeated"].endswith(".")
