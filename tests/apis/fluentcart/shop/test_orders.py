"""Operations on orders that always crash."""

import pytest
from starlette.testclient import TestClient

from tests.support.fluentcart_calls import call


@pytest.mark.parametrize("path", ["/orders/calculate-shipping", "/orders/1001/generate-missing-licenses"])
def test_an_operation_that_needs_an_add_on_crashes(path: str, client: TestClient) -> None:
    reply = call(client, "POST", path, {})

    assert (reply.status_code, reply.json()["code"]) == (500, "plugin_exception")
