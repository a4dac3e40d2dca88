"""Answers the reads: orders, subscriptions, customers and the activity log."""

from collections.abc import Callable
from typing import Any

from refund_sandbox.apis.fluentcart import errors, list_views, views
from refund_sandbox.apis.fluentcart.operations.base import Actions
from refund_sandbox.apis.fluentcart.pagination import Query
from refund_sandbox.apis.fluentcart.rules.refunds import PluginCrash
from refund_sandbox.apis.fluentcart.views import Reader
from refund_sandbox.apis.fluentcart.wordpress.request import Visit
from refund_sandbox.core.context import Context, Reply


class ReadHandlers(Actions):
    """Whatever changes nothing."""

    def list_orders(self, context: Context) -> Reply:
        """GET /orders."""
        return self._read(context, list_views.orders)

    def get_order(self, context: Context) -> Reply:
        """GET /orders/{order_id}."""
        return self._read(context, lambda reader, _: views.order(reader, context.params["order_id"]))

    def list_transactions(self, context: Context) -> Reply:
        """GET /orders/{order_id}/transactions."""
        return self._read(context, lambda reader, _: views.transactions(reader, context.params["order_id"]))

    def get_transaction(self, context: Context) -> Reply:
        """GET /orders/{order_id}/transactions/{transaction_id}."""
        order_id, transaction_id = context.params["order_id"], context.params["transaction_id"]
        return self._read(context, lambda reader, _: views.transaction(reader, order_id, transaction_id))

    def list_shipping_methods(self, context: Context) -> Reply:
        """GET /orders/shipping_methods: a shop that ships nothing has none (11-082)."""
        return self._read(context, lambda _reader, _query: {"shipping_methods": [], "other_shipping_methods": []})

    def list_subscriptions(self, context: Context) -> Reply:
        """GET /subscriptions."""
        return self._read(context, list_views.subscriptions)

    def get_subscription(self, context: Context) -> Reply:
        """GET /subscriptions/{subscription_id}."""
        return self._read(context, lambda reader, _: views.subscription(reader, context.params["subscription_id"]))

    def list_customers(self, context: Context) -> Reply:
        """GET /customers."""
        return self._read(context, list_views.customers)

    def get_customer(self, context: Context) -> Reply:
        """GET /customers/{customer_id}."""
        return self._read(context, lambda reader, query: list_views.customer(reader, query, context.params["customer_id"]))

    def list_customer_orders(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/orders."""
        return self._read(
            context, lambda reader, query: list_views.orders_of_customer(reader, query, context.params["customer_id"])
        )

    def find_customer_orders(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/order."""
        return self._read(context, lambda reader, _: views.customer_orders(reader, context.params["customer_id"]))

    def list_customer_addresses(self, context: Context) -> Reply:
        """GET /customers/{customer_id}/address."""
        return self._read(
            context, lambda reader, query: views.addresses(reader, context.params["customer_id"], query.text("type"))
        )

    def get_customer_stats(self, context: Context) -> Reply:
        """GET /customers/get-stats/{customer}: without an add-on there are no widgets, whoever it is (11-135, 11-162)."""
        return self._read(context, lambda _reader, _query: {"widgets": []})

    def list_activities(self, context: Context) -> Reply:
        """GET /activity."""
        return self._read(context, list_views.activities)

    def _read(self, context: Context, answer: Callable[[Reader, Query], dict[str, Any]]) -> Reply:
        settings = self._services.settings
        version = settings.fluentcart.version
        crashes = settings.validation == "live" and version == "1.3.25"
        visit: Visit = context.caller
        with self._services.store.read_only() as transaction:
            reader = Reader(transaction, visit.url, version, crashes)
            try:
                body = answer(reader, Query(visit.get, f"{visit.url}/wp-json{visit.route}"))
            except PluginCrash as crash:
                raise errors.plugin_exception(str(crash), version) from None
        return Reply(body)
