"""Operations of the shop around a refund, one function each.

The path names the file:

| path | file |
|---|---|
| `/labels`, `/customers`, `/orders`, `/coupons` | the file of that name |
| `/products`, `/variants`, `/public` | products.py |
| `/reports`, `/dashboard` | reports.py |
| `/settings`, `/integration`, `/address-info` | settings.py |
| `/taxes` | taxes.py |
| `/email-notification`, `/widgets` | mails.py |
| any of these, if every request gets the same reply | fixed_replies.py |
| any of these, if it only shows records | `operations/reads.py` |
"""

from collections.abc import Mapping

from refund_sandbox.apis.fluentcart.shop.operations import coupons, customers, labels, mails, orders, products, settings, taxes
from refund_sandbox.apis.fluentcart.shop.operations.fixed_replies import FIXED_REPLIES
from refund_sandbox.apis.fluentcart.shop.operations.reports import REPORT_OPERATIONS
from refund_sandbox.core.api import Operation

SHOP_OPERATIONS: Mapping[str, Operation] = {
    "listLabels": Operation(labels.list_labels, reads_only=True),
    "createLabel": Operation(labels.create_label, alone=True),
    "updateLabelSelections": Operation(labels.update_label_selections, alone=True),
    "doBulkAction": Operation(orders.do_bulk_action, alone=True),
    "updateOrder": Operation(orders.update_order, alone=True),
    "updateOrderAddress": Operation(orders.update_order_address, alone=True),
    "updateOrderAddressId": Operation(orders.update_order_address_id, alone=True),
    "createCustomItem": Operation(orders.create_custom_item, alone=True),
    "generateMissingLicenses": Operation(orders.generate_missing_licenses),
    "createAndChangeCustomer": Operation(orders.create_and_change_customer, alone=True),
    "calculateTax": Operation(orders.calculate_tax),
    "calculateShipping": Operation(orders.calculate_shipping),
    "createCustomer": Operation(customers.create_customer, alone=True),
    "updateCustomer": Operation(customers.update_customer, alone=True),
    "updateAdditionalInfo": Operation(customers.update_additional_info, alone=True),
    "createCustomerAddress": Operation(customers.create_customer_address, alone=True),
    "updateCustomerAddress": Operation(customers.update_customer_address, alone=True),
    "deleteCustomerAddress": Operation(customers.delete_customer_address, alone=True),
    "makePrimaryAddress": Operation(customers.make_primary_address, alone=True),
    "listAttachableUsers": Operation(customers.list_attachable_users, reads_only=True),
    "attachUser": Operation(customers.attach_user, alone=True),
    "detachUser": Operation(customers.detach_user, alone=True),
    "bulkChangeCustomers": Operation(customers.bulk_change_customers, alone=True),
    "getProduct": Operation(products.get_product, reads_only=True),
    "getProductPricing": Operation(products.get_product_pricing, reads_only=True),
    "createProduct": Operation(products.create_product, alone=True),
    "bulkInsertProducts": Operation(products.bulk_insert_products, alone=True),
    "bulkChangeProducts": Operation(products.bulk_change_products, alone=True),
    "deleteProduct": Operation(products.delete_product, alone=True),
    "updateInventory": Operation(products.update_inventory, alone=True),
    "listVariants": Operation(products.list_variants, reads_only=True),
    "listProductVariants": Operation(products.list_product_variants, reads_only=True),
    "searchVariantsByName": Operation(products.search_variants_by_name, reads_only=True),
    "fetchProductsByIds": Operation(products.fetch_products_by_ids, reads_only=True),
    "fetchVariantsByIds": Operation(products.fetch_variants_by_ids, reads_only=True),
    "findSubscriptionVariants": Operation(products.find_subscription_variants, reads_only=True),
    "suggestSku": Operation(products.suggest_sku, reads_only=True),
    "getBundleInfo": Operation(products.get_bundle_info, reads_only=True),
    "listProductIntegrations": Operation(products.list_product_integrations, reads_only=True),
    **REPORT_OPERATIONS,
    **FIXED_REPLIES,
    "listCoupons": Operation(coupons.list_coupons, reads_only=True),
    "createCoupon": Operation(coupons.create_coupon, alone=True),
    "getCoupon": Operation(coupons.get_coupon, reads_only=True),
    "updateCoupon": Operation(coupons.update_coupon, alone=True),
    "deleteCoupon": Operation(coupons.delete_coupon, alone=True),
    "applyCoupon": Operation(coupons.apply_coupon, reads_only=True),
    "cancelCoupon": Operation(coupons.cancel_coupon, alone=True),
    "reapplyCoupons": Operation(coupons.reapply_coupons, reads_only=True),
    "listCouponCodes": Operation(coupons.list_coupon_codes, reads_only=True),
    "checkProductEligibility": Operation(coupons.check_product_eligibility, reads_only=True),
    "getStoreSettings": Operation(settings.get_store_settings, reads_only=True),
    "listPaymentMethods": Operation(settings.list_payment_methods, reads_only=True),
    "getPaymentMethod": Operation(settings.get_payment_method, reads_only=True),
    "getConnectInfo": Operation(settings.get_connect_info, reads_only=True),
    "listModules": Operation(settings.list_modules, reads_only=True),
    "getMcpSettings": Operation(settings.get_mcp_settings, reads_only=True),
    "getIntegrationSettings": Operation(settings.get_integration_settings, reads_only=True),
    "listFeeds": Operation(settings.list_feeds, reads_only=True),
    "getFeedSettings": Operation(settings.get_feed_settings, reads_only=True),
    "changeFeedStatus": Operation(settings.change_feed_status),
    "deleteFeed": Operation(settings.delete_feed),
    "listCountries": Operation(settings.list_countries, reads_only=True),
    "getCountryInfo": Operation(settings.get_country_info, reads_only=True),
    "markTaxesAsFiled": Operation(taxes.mark_taxes_as_filed),
    "getNotification": Operation(mails.get_notification, reads_only=True),
    "getMailSettings": Operation(mails.get_mail_settings, reads_only=True),
    "listWidgets": Operation(mails.list_widgets, reads_only=True),
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
