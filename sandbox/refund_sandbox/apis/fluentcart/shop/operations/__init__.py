"""Operations of the shop around a refund, one function each.

The path names the file:

| path | file |
|---|---|
| `/labels`, `/customers`, `/orders`, `/coupons` | the file of that name |
| `/products`, `/variants`, `/public` | products.py |
| `/reports`, `/dashboard` | reports.py |
| `/settings`, `/integration`, `/address-info` | settings.py |
| `/taxes`, `/tax`, `/shipping` | taxes.py |
| `/email-notification`, `/widgets` | mails.py |
"""

from collections.abc import Mapping

from refund_sandbox.apis.fluentcart.shop.operations import coupons, customers, labels, mails, orders, products, settings, taxes
from refund_sandbox.apis.fluentcart.shop.operations.reports import REPORT_OPERATIONS
from refund_sandbox.core.api import Operation

SHOP_OPERATIONS: Mapping[str, Operation] = {
    "listLabels": Operation(labels.list_labels, reads_only=True),
    "createLabel": Operation(labels.create_label),
    "updateLabelSelections": Operation(labels.update_label_selections),
    "doBulkAction": Operation(orders.do_bulk_action),
    "updateOrder": Operation(orders.update_order),
    "updateOrderAddress": Operation(orders.update_order_address),
    "updateOrderAddressId": Operation(orders.update_order_address_id),
    "createCustomItem": Operation(orders.create_custom_item),
    "generateMissingLicenses": Operation(orders.generate_missing_licenses),
    "createAndChangeCustomer": Operation(orders.create_and_change_customer),
    "calculateTax": Operation(orders.calculate_tax),
    "calculateShipping": Operation(orders.calculate_shipping),
    "createCustomer": Operation(customers.create_customer),
    "updateCustomer": Operation(customers.update_customer),
    "updateAdditionalInfo": Operation(customers.update_additional_info),
    "createCustomerAddress": Operation(customers.create_customer_address),
    "updateCustomerAddress": Operation(customers.update_customer_address),
    "deleteCustomerAddress": Operation(customers.delete_customer_address),
    "makePrimaryAddress": Operation(customers.make_primary_address),
    "listAttachableUsers": Operation(customers.list_attachable_users, reads_only=True),
    "attachUser": Operation(customers.attach_user),
    "detachUser": Operation(customers.detach_user),
    "bulkChangeCustomers": Operation(customers.bulk_change_customers),
    "listProducts": Operation(products.list_products, reads_only=True),
    "getProduct": Operation(products.get_product, reads_only=True),
    "getProductPricing": Operation(products.get_product_pricing, reads_only=True),
    "createProduct": Operation(products.create_product),
    "bulkInsertProducts": Operation(products.bulk_insert_products),
    "bulkChangeProducts": Operation(products.bulk_change_products),
    "deleteProduct": Operation(products.delete_product),
    "updateInventory": Operation(products.update_inventory),
    "listPublicProducts": Operation(products.list_public_products, reads_only=True),
    "listVariants": Operation(products.list_variants, reads_only=True),
    "listProductVariants": Operation(products.list_product_variants, reads_only=True),
    "searchProductsByName": Operation(products.search_products_by_name, reads_only=True),
    "searchVariantsByName": Operation(products.search_variants_by_name, reads_only=True),
    "searchVariantOptions": Operation(products.search_variant_options, reads_only=True),
    "fetchProductsByIds": Operation(products.fetch_products_by_ids, reads_only=True),
    "fetchVariantsByIds": Operation(products.fetch_variants_by_ids, reads_only=True),
    "findSubscriptionVariants": Operation(products.find_subscription_variants, reads_only=True),
    "suggestSku": Operation(products.suggest_sku, reads_only=True),
    "getProductTerms": Operation(products.get_product_terms, reads_only=True),
    "getExcerptLength": Operation(products.get_excerpt_length, reads_only=True),
    "getBundleInfo": Operation(products.get_bundle_info, reads_only=True),
    "listRelatedProducts": Operation(products.list_related_products, reads_only=True),
    "listUpgradePaths": Operation(products.list_upgrade_paths, reads_only=True),
    "listProductIntegrations": Operation(products.list_product_integrations, reads_only=True),
    **REPORT_OPERATIONS,
    "listCoupons": Operation(coupons.list_coupons, reads_only=True),
    "createCoupon": Operation(coupons.create_coupon),
    "getCoupon": Operation(coupons.get_coupon, reads_only=True),
    "updateCoupon": Operation(coupons.update_coupon),
    "deleteCoupon": Operation(coupons.delete_coupon),
    "applyCoupon": Operation(coupons.apply_coupon, reads_only=True),
    "cancelCoupon": Operation(coupons.cancel_coupon),
    "reapplyCoupons": Operation(coupons.reapply_coupons, reads_only=True),
    "listCouponCodes": Operation(coupons.list_coupon_codes, reads_only=True),
    "getCouponSettings": Operation(coupons.get_coupon_settings, reads_only=True),
    "checkProductEligibility": Operation(coupons.check_product_eligibility, reads_only=True),
    "getStoreSettings": Operation(settings.get_store_settings, reads_only=True),
    "listPaymentMethods": Operation(settings.list_payment_methods, reads_only=True),
    "getPaymentMethod": Operation(settings.get_payment_method, reads_only=True),
    "getConnectInfo": Operation(settings.get_connect_info, reads_only=True),
    "getPermissions": Operation(settings.get_permissions, reads_only=True),
    "listModules": Operation(settings.list_modules, reads_only=True),
    "getMcpSettings": Operation(settings.get_mcp_settings, reads_only=True),
    "listStorageDrivers": Operation(settings.list_storage_drivers, reads_only=True),
    "listActiveStorageDrivers": Operation(settings.list_active_storage_drivers, reads_only=True),
    "getConfirmationCodes": Operation(settings.get_confirmation_codes, reads_only=True),
    "listAddons": Operation(settings.list_addons, reads_only=True),
    "getIntegrationSettings": Operation(settings.get_integration_settings, reads_only=True),
    "listFeeds": Operation(settings.list_feeds, reads_only=True),
    "getFeedSettings": Operation(settings.get_feed_settings, reads_only=True),
    "changeFeedStatus": Operation(settings.change_feed_status),
    "deleteFeed": Operation(settings.delete_feed),
    "listFeedFields": Operation(settings.list_feed_fields, reads_only=True),
    "listFeedOptions": Operation(settings.list_feed_options, reads_only=True),
    "listCountries": Operation(settings.list_countries, reads_only=True),
    "getCountryInfo": Operation(settings.get_country_info, reads_only=True),
    "listTaxes": Operation(taxes.list_taxes, reads_only=True),
    "markTaxesAsFiled": Operation(taxes.mark_taxes_as_filed),
    "listTaxClasses": Operation(taxes.list_tax_classes, reads_only=True),
    "listTaxRates": Operation(taxes.list_tax_rates, reads_only=True),
    "listCountryTaxRates": Operation(taxes.list_country_tax_rates, reads_only=True),
    "getTaxSettings": Operation(taxes.get_tax_settings, reads_only=True),
    "getCountryTaxId": Operation(taxes.get_country_tax_id, reads_only=True),
    "listTaxOverrides": Operation(taxes.list_tax_overrides, reads_only=True),
    "listShippingZones": Operation(taxes.list_shipping_zones, reads_only=True),
    "listShippingClasses": Operation(taxes.list_shipping_classes, reads_only=True),
    "listNotifications": Operation(mails.list_notifications, reads_only=True),
    "getNotification": Operation(mails.get_notification, reads_only=True),
    "getMailSettings": Operation(mails.get_mail_settings, reads_only=True),
    "getDigestSettings": Operation(mails.get_digest_settings, reads_only=True),
    "getShortCodes": Operation(mails.get_short_codes, reads_only=True),
    "listWidgets": Operation(mails.list_widgets, reads_only=True),
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
