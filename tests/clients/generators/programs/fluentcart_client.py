"""Client of openapi-python-client: refunds a part of an order, and prints what was refunded before and after."""

import json
import sys

from client import Client
from client.api.orders import get_order, list_orders, refund_order
from client.models import RefundInfo, RefundOrder

_, base_url, authorization = sys.argv
client = Client(base_url, headers={"Authorization": authorization}, raise_on_unexpected_status=True)


def order():
    return get_order.sync(1001, client=client).order


def refund(amount):
    charge = int(order().transactions[0].id)
    body = RefundOrder(refund_info=RefundInfo(transaction_id=charge, amount=amount))
    return refund_order.sync(1001, client=client, body=body)


listed = list_orders.sync(client=client, per_page=1, page=1).orders.data
before, reply, after = order().total_refund, refund(2500), order().total_refund
json.dump([len(listed), before, reply.gateway_refund.status, after, refund(999999).to_dict()], sys.stdout)
