"""The file of an operation follows from its path, by the table in operations/__init__.py."""

import inspect
import re
from pathlib import Path

import pytest

from refund_sandbox.apis.fluentcart.operations import OPERATIONS
from refund_sandbox.app import SandboxApp
from refund_sandbox.core.spec.operation import SpecOperation

pytestmark = pytest.mark.memory_only


SHOP_FILES = {
    "variants": "products",
    "public": "products",
    "dashboard": "reports",
    "integration": "settings",
    "address-info": "settings",
    "email-notification": "mails",
    "widgets": "mails",
}


def file_of(operation: SpecOperation, in_shop: bool) -> str:
    """The file by the tables in operations/__init__.py and shop/operations/__init__.py."""
    first = operation.path.split("/")[1]
    if in_shop:
        return SHOP_FILES.get(first, first)
    segments = re.sub(r"\{[^}]*\}", "", operation.path).split("/")
    for name, file in (("refund", "refunds"), ("transactions", "transactions"), ("subscriptions", "subscriptions")):
        if name in segments:
            return file
    first = segments[1] or "app"
    return "order_actions" if first == "orders" and operation.method != "GET" else first


def test_every_operation_is_in_the_file_that_its_path_names(sandbox: SandboxApp) -> None:
    for operation in sandbox.workspace.apis["fluentcart"].spec.operations:
        source = inspect.getsourcefile(inspect.unwrap(OPERATIONS[operation.operation_id].handle))
        assert source is not None
        if Path(source).stem not in ("fixed_replies", "reads"):
            assert Path(source).stem == file_of(operation, "shop" in Path(source).parts), operation.operation_id
