"""Reads of lists and records: each is a view of the records."""

from collections.abc import Callable, Mapping

from refund_sandbox.apis.fluentcart import list_views, pagination, record_views
from refund_sandbox.apis.fluentcart.context import FluentCartContext
from refund_sandbox.apis.fluentcart.pagination import ListQuery, RecordPage
from refund_sandbox.apis.fluentcart.rendering import Row
from refund_sandbox.apis.fluentcart.shop import product_lists, public_products
from refund_sandbox.apis.fluentcart.shop.operations import taxes
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.core.api import Operation
from refund_sandbox.core.context import Reply


def _list(view: Callable[..., Row], *names: str) -> Operation:
    """Return an operation whose view gets the query string and the path parameters with these names."""

    def handle(context: FluentCartContext) -> Reply:
        return Reply(view(context.reader, context.list_query, *(context.params[name] for name in names)))

    return Operation(handle, reads_only=True)


def _record(view: Callable[..., Row], *names: str) -> Operation:
    """Return an operation whose view gets the path parameters with these names."""
    return _list(lambda reader, _query, *params: view(reader, *params), *names)


def _empty_page(name: str) -> Operation:
    def view(_reader: Reader, query: ListQuery) -> Row:
        return {name: pagination.paginate(RecordPage((), 0), query, dict)}

    return _list(view)


READS: Mapping[str, Operation] = {
    "listOrders": _list(list_views.orders),
    "getOrder": _record(record_views.order, "order_id"),
    "listTransactions": _record(record_views.transactions, "order_id"),
    "getTransaction": _record(record_views.transaction, "order_id", "transaction_id"),
    "listSubscriptions": _list(list_views.subscriptions),
    "getSubscription": _record(record_views.subscription, "subscription_id"),
    "listCustomers": _list(list_views.customers),
    "getCustomer": _list(list_views.customer, "customer_id"),
    "listCustomerOrders": _list(list_views.customer_orders, "customer_id"),
    "findCustomerOrders": _record(record_views.customer_orders, "customer_id"),
    "listCustomerAddresses": _list(record_views.customer_addresses, "customer_id"),
    "listActivities": _list(list_views.activities),
    "listProducts": _list(product_lists.products),
    "listPublicProducts": _list(public_products.public_products),
    "searchProductsByName": _list(product_lists.search_by_name),
    "searchVariantOptions": _list(product_lists.variant_options),
    "listBulkEditProducts": _list(product_lists.products_to_edit),
    "listTaxes": _list(taxes.taxes),
    "listShippingZones": _empty_page("shipping_zones"),
    "listShippingClasses": _empty_page("shipping_classes"),
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
