"""Endpoint that describes the emulated APIs to tools."""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import asdict
from starlette.responses import Response

from refund_sandbox.control.endpoint import ControlRequest, json_reply
from refund_sandbox.core import record_schema
from refund_sandbox.core.api import ApiDescriptor


class ApiEndpoints:
    """Handlers; each has the name of its operation in specs/sandbox.yaml."""

    def list_apis(self, request: ControlRequest) -> Response:
        base_url = str(request.http.base_url).rstrip("/")
        apis = request.workspace.apis.values()
        return json_reply({"apis": [{**_describe(api.descriptor), "spec": f"{base_url}/specs/{api.name}.yaml"} for api in apis]})


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
        "settings": record_schema.schema_of(api.settings),
        "webhooks": {
            "url_field": webhooks.URL_FIELD,
            "secret_field": webhooks.SECRET_FIELD,
            "rules": webhooks.RULES,
            "topics": dict(webhooks.TOPICS),
        },
        "samples": dict(listing.SAMPLES),
    }
