"""The requests of the two public clients of the live service: the official browser SDK and a Go client.

Requests, and how replies are read, follow adaptyteam/funnelfox-billing-js (src/api-client.ts, src/api.ts, src/utils/helpers.ts)
and byte-power/funnelfox (client.go, model.go).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from httpx2 import Client, Response

from tests.support.funnelfox_state import KEY, ORG, Document


class Failed(Exception):
    """Error that either client raises instead of returning a reply."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class BrowserSdk:
    """The SDK: any failure is tried three times with the same body, and only then reported."""

    attempts = 3

    def __init__(self, client: Client, org: str = ORG) -> None:
        self._client = client
        self._org = org
        self.sent = 0
        self.lose: Callable[[], bool] = lambda: False

    def request(self, endpoint: str, payload: Document) -> Document:
        for attempt in range(1, self.attempts + 1):
            try:
                return self._request(endpoint, payload)
            except Failed:
                if attempt == self.attempts:
                    raise
        raise AssertionError

    def _request(self, endpoint: str, payload: Document) -> Document:
        self.sent += 1
        headers = {"Content-Type": "application/json", "X-SDK-Version": "0.5.2", "Origin": "http://localhost:3000"}
        response: Response = self._client.post(f"/{self._org}{endpoint}", json=payload, headers=headers)
        assert response.headers["access-control-allow-origin"] == "*"
        if self.lose():
            raise Failed("Network request failed")
        data: Document = response.json()
        if not response.is_success:
            raise Failed(data["error"][0]["msg"] or "Failed to create payment")
        return data

    def create_client_session(self, price: str, user: str, email: str) -> tuple[str, str]:
        """Order id and client token."""
        payload = {
            "region": "default",
            "integration_type": "primer",
            "pp_ident": price,
            "external_id": user,
            "email_address": email,
            "client_metadata": {},
        }
        data = self._data(self.request("/v1/checkout/create_client_session", payload))
        return data["order_id"], data["client_token"]

    def create_payment(self, order_id: str, token: str) -> tuple[str, str, str]:
        """Return the result, the order's id, and the token of the required action."""
        payload = {"order_id": order_id, "payment_method_token": token, "client_metadata": {}}
        return self._outcome(self.request("/v1/checkout/create_payment", payload))

    def resume_payment(self, order_id: str, token: str) -> tuple[str, str, str]:
        payload = {"order_id": order_id, "resume_token": token}
        return self._outcome(self.request("/v1/checkout/resume_payment", payload))

    def silent_purchase(self, price: str, user: str) -> bool:
        """Whether the purchase succeeded. Raises Failed if the user owns the price point already."""
        payload = {"pp_ident": price, "external_id": user, "client_metadata": {"campaign": "x"}}
        response = self.request("/v1/checkout/one_click", payload)
        if response["status"] != "success" and any(item["code"] == "double_purchase" for item in response["error"]):
            raise Failed("This product was already purchased")
        return bool(response["status"] == "success")

    def _data(self, response: Document) -> Document:
        if response["status"] == "error":
            first = response["error"][0]
            raise Failed(first["msg"], first["code"])
        data: Document = response["data"]
        return data

    def _outcome(self, response: Document) -> tuple[str, str, str]:
        data = self._data(response)
        if data["action_required_token"]:
            return "action_required", data["order_id"], data["action_required_token"]
        if data["checkout_status"] == "failed":
            raise Failed(data["failed_message_for_user"])
        assert data["checkout_status"] in ("succeeded", "processing")
        return data["checkout_status"], data["order_id"], ""


class GoClient:
    """The Go client: reads status, data, error and req_id, and of an error its type and message."""

    def __init__(self, client: Client, org: str = ORG, key: str = KEY) -> None:
        self._client = client
        self._org = org
        self._key = key

    def call(self, endpoint: str, payload: Document | None, *, secret: bool = True) -> Any:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if secret:
            headers["ff-secret-key"] = self._key
        response = self._client.post(f"/{self._org}/v1{endpoint}", json=payload, headers=headers)
        envelope = response.json()
        if envelope.get("status") == "error":
            messages = " ".join(f"{item['type']}_{item['msg']}" for item in envelope["error"])
            raise Failed(f"FunnelFox API error: {messages} (req_id: {envelope['req_id']})")
        if not response.is_success:
            raise Failed(f"HTTP {response.status_code}")
        return envelope.get("data")


def go_time(text: str | None) -> datetime | None:
    """A time as the Go client reads it: naive, with a fraction of a second."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f") if text else None
