"""A comparison over sockets, without the command line."""

from collections.abc import Callable
from typing import Any

import pytest

from refund_sandbox.app import load_apis
from refund_sandbox.core.verification import Query
from refund_sandbox.verify.http_exchange import HttpExchange
from refund_sandbox.verify.report import Report
from refund_sandbox.verify.run import Comparison, explore, run

Verify = Callable[..., Report]


APIS = load_apis()


def _compare(api: str, url: str, *, timeout_s: float = 30, **options: Any) -> Report:
    descriptor = APIS[api].descriptor
    assert descriptor.verification
    query = Query(descriptor.verification.base_url(url), **options)
    with HttpExchange(query.base_url, timeout_s) as exchange:
        comparison = Comparison(descriptor, APIS[api].spec, exchange.send)
        return run(comparison, query, explore(comparison, query), lambda *_: None)


@pytest.fixture(scope="session")
def verify() -> Verify:
    """Function that compares the service at a URL with a sandbox."""
    return _compare
