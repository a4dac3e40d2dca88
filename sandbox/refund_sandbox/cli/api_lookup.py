"""APIs of the running sandbox, and the API that an order belongs to."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from refund_sandbox.cli.user_errors import InputError
from refund_sandbox.suggestions import did_you_mean

if TYPE_CHECKING:
    from refund_sandbox.testing import Client

Document = Mapping[str, Any]


def find_apis(client: "Client", name: str | None) -> list[str]:
    """Return the names of all APIs, or only the given one. Raises InputError for an unknown name."""
    return chosen_apis(client.apis(), name)


def chosen_apis(names: Collection[str], name: str | None) -> list[str]:
    """Return all of the names, or only the given one. Raises InputError for an unknown one."""
    if name is not None and name not in names:
        raise InputError(f"Invalid value for --api: {name!r} (expected {' or '.join(names)}).{did_you_mean(name, names)}")
    return list(names) if name is None else [name]


def find_order(client: "Client", order: str, api: str | None) -> tuple[str, Document]:
    """Return the first API that has the order, and the order as in the state document. Raises InputError if none has it."""
    from refund_sandbox.testing import CallRejected

    names = find_apis(client, api)
    for name in names:
        try:
            return name, client.get(order_path(name, order))
        except CallRejected as error:
            if error.status != 404:
                raise
    raise InputError(f"Order {order} not found in {' or '.join(names)}.")


def order_path(api: str, order: str) -> str:
    """Return the path of an order in the control API."""
    return f"/{api}/orders/{quote(order, safe='')}"
