"""Endpoint that describes the emulated APIs to tools."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from msgspec.structs import asdict
from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlRequest, json_reply
from refund_sandbox.core import package_files, record_schema
from refund_sandbox.core.api import ApiDescriptor
from refund_sandbox.core.shipped_documents import read_shipped


class ApiEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def list_apis(self, request: ControlRequest) -> Response:
        base_url = str(request.http.base_url).rstrip("/")
        apis = request.workspace.apis.values()
        return json_reply({"apis": [{**_describe(api.descriptor), "spec": f"{base_url}/specs/{api.name}.yaml"} for api in apis]})


def _settings(api: ApiDescriptor) -> Mapping[str, Any]:
    """Return the JSON Schema of the settings, with the descriptions of those that are options of the command line too."""
    schema = record_schema.schema_of(api.settings)
    helps = {name: {"description": api.options[name].help} for name in schema["properties"] if name in api.options}
    return {**schema, "properties": {name: {**part, **helps.get(name, {})} for name, part in schema["properties"].items()}}


@cache
def _demo_orders() -> Mapping[str, Mapping[str | int, str]]:
    """Return what the orders of the demo data show, by API and order."""
    path = package_files.path_of("fixtures", "demo_orders.yaml")
    orders: Mapping[str, Mapping[str | int, str]] = read_shipped(path.read_text("utf-8"))
    return orders


def _describe(api: ApiDescriptor) -> Mapping[str, Any]:
    listing, form, webhooks = api.listing, api.refund_form, api.webhooks
    return {
        "name": api.name,
        "title": api.title,
        "mount": api.mounts[0],
        "refund_operation": form.OPERATION,
        "refund_record": asdict(form.REFUND_RECORD),
        "minor_records": list(form.MINOR_RECORDS),
        "order_id_field": listing.ID_FIELD,
        "order_states": list(listing.STATES),
        "order_search": listing.SEARCHED,
        "settings": _settings(api),
        "webhooks": {
            "url_field": webhooks.URL_FIELD,
            "secret_field": webhooks.SECRET_FIELD,
            "rules": webhooks.RULES,
            "topics": dict(webhooks.TOPICS),
        },
        "samples": dict(listing.SAMPLES),
        "refused_refund": api.refused_refund,
        "has_reports": api.reports is not None,
        "demo_orders": {str(order): text for order, text in _demo_orders().get(api.name, {}).items()},
    }
