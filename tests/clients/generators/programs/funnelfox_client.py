"""Client of openapi-python-client: refunds a part of an order, and prints what was refunded before and after."""

import json
import sys
from uuid import UUID

from client import AuthenticatedClient
from client.api.information import list_payments
from client.api.payment_management import refund_payment
from client.models import RefundIn, UserIn

_, base_url, key, order_id = sys.argv
client = AuthenticatedClient(base_url, token=key, auth_header_name="ff-secret-key", prefix="", raise_on_unexpected_status=True)


def refunded():
    payments = list_payments.sync(client=client, body=UserIn(external_id="user_456")).data.payments
    return next(payment.refunded for payment in payments if str(payment.order_id) == order_id)


def refund(amount):
    body = RefundIn(external_id="user_456", order_id=UUID(order_id), amount=amount)
    return refund_payment.sync(client=client, body=body).to_dict()


before, reply, after = refunded(), refund("4.99"), refunded()
json.dump([before, reply, None, after, refund("0")["error"][0]["code"]], sys.stdout)
