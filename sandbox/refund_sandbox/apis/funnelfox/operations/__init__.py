"""Operations of FunnelFox, by the operationId of the spec."""

from collections.abc import Mapping

from refund_sandbox.apis.funnelfox.operations import (
    checkout,
    migrations,
    payments,
    price_points,
    refunds,
    subscriptions,
    users,
)
from refund_sandbox.core.api import Operation

OPERATIONS: Mapping[str, Operation] = {
    "refundPayment": Operation(refunds.refund_payment, phases=("gateway",)),
    "cancelPayment": Operation(payments.cancel_payment),
    "enableAutorenew": Operation(subscriptions.enable_autorenew),
    "disableAutorenew": Operation(subscriptions.disable_autorenew),
    "pauseSubscription": Operation(subscriptions.pause_subscription),
    "resumeSubscription": Operation(subscriptions.resume_subscription),
    "deferSubscription": Operation(subscriptions.defer_subscription),
    "applyDiscount": Operation(subscriptions.apply_discount),
    "migrateSubscription": Operation(migrations.migrate_subscription),
    "searchSubscriptions": Operation(subscriptions.search_subscriptions, reads_only=True),
    "listPricePoints": Operation(price_points.list_price_points, reads_only=True),
    "listFeatures": Operation(price_points.list_features, reads_only=True),
    "createPricePoint": Operation(price_points.create_price_point, alone=True),
    "updatePricePoint": Operation(price_points.update_price_point, alone=True),
    "exportPricePoints": Operation(price_points.export_price_points, reads_only=True),
    "importPricePoints": Operation(price_points.import_price_points, alone=True),
    "createFeature": Operation(price_points.create_feature, alone=True),
    "listAssets": Operation(users.list_assets, reads_only=True),
    "listPayments": Operation(users.list_payments, reads_only=True),
    "reportTransactions": Operation(users.report_transactions, reads_only=True),
    "searchUsers": Operation(users.search_users, reads_only=True),
    "updateEmail": Operation(users.update_email),
    "createClientSession": Operation(checkout.create_client_session),
    "createSimpleClientSession": Operation(checkout.create_simple_client_session),
    "updateClientSession": Operation(checkout.update_client_session),
    "createPayment": Operation(checkout.create_payment, alone=True),
    "resumePayment": Operation(checkout.resume_payment),
    "oneClick": Operation(checkout.one_click),
    "getTaxCalculation": Operation(checkout.get_tax_calculation, reads_only=True),
}
