"""Code under test: a client of both APIs. The variable BUG makes one of the mistakes of `BUGS`."""

import hashlib
import hmac
import json
import os
from typing import Any

import requests

BUGS = {
    "ignores the gateway": "takes HTTP 200 for success, although the gateway declined",
    "retries blindly": "repeats a refund whose reply was lost",
    "no credentials": "sends no credentials",
    "wrong unit": "sends 25.00 where the API counts 2500",
    "wrong field": "reads a field of the order that does not exist",
    "wrong bytes": "verifies the signature of JSON that it has written again",
    "forgets the webhook": "repeats a refund that a webhook has already confirmed",
}
BUG = os.environ.get("BUG", "")
REFUNDED = "refunded_total" if BUG == "wrong field" else "total_refund"
TIMEOUT_S = 3.0


class Shop:
    """Client of FluentCart."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self.headers = url, {} if BUG == "no credentials" else headers

    def refund(self, order_id: int, transaction_id: int, amount: int) -> bool:
        """Refund an amount in minor units once. Return whether the money went back."""
        info = {"transaction_id": transaction_id, "amount": amount / 100 if BUG == "wrong unit" else amount}
        before = self.refunded(order_id)
        while True:
            try:
                return self._send(order_id, info)
            except requests.ConnectionError:
                if BUG != "retries blindly" and self.refunded(order_id) > before:
                    return True

    def _send(self, order_id: int, info: dict[str, Any]) -> bool:
        url = f"{self.url}/orders/{order_id}/refund"
        reply = requests.post(url, json={"refund_info": info}, headers=self.headers, timeout=TIMEOUT_S)
        reply.raise_for_status()
        return BUG == "ignores the gateway" or bool(reply.json()["gateway_refund"]["status"] == "success")

    def refunded(self, order_id: int) -> int:
        reply = requests.get(f"{self.url}/orders/{order_id}", headers=self.headers, timeout=TIMEOUT_S)
        reply.raise_for_status()
        return int(reply.json()["order"].get(REFUNDED, 0))


class Billing:
    """Client of FunnelFox, with the receiver of its webhooks."""

    def __init__(self, url: str, headers: dict[str, str], secret: str) -> None:
        self.url, self.headers, self.secret = url, {} if BUG == "no credentials" else headers, secret
        self.settled: set[str] = set()
        """Orders whose refund a webhook has confirmed."""

    def refund(self, order_id: str, external_id: str, amount: str) -> None:
        """Refund an amount in major units, once, however long the reply takes."""
        body = {"order_id": order_id, "external_id": external_id, "amount": amount}
        for _ in range(2):
            try:
                requests.post(f"{self.url}/payment/refund", json=body, headers=self.headers, timeout=TIMEOUT_S).raise_for_status()
            except requests.Timeout:
                if order_id in self.settled and BUG != "forgets the webhook":
                    return
            else:
                return

    def receive(self, body: bytes, signature: str) -> int:
        """Receive a webhook, and return the status of the reply."""
        signed = json.dumps(json.loads(body)).encode() if BUG == "wrong bytes" else body
        expected = hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            return 401
        event = json.loads(body)
        if event["event_type"] == "refund":
            self.settled.add(event["order_id"])
        return 200
