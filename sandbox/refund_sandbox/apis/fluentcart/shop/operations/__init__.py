"""Operations of the shop around a refund, one function each.

The path names the file:

| path | file |
|---|---|
| `/labels`, `/customers`, `/orders` | the file of that name |
| `/products`, `/variants`, `/public` | products.py |
| `/reports`, `/dashboard` | reports.py |
"""

from collections.abc import Mapping

from refund_sandbox.apis.fluentcart.shop.operations import customers, labels, orders, products
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
}
"""Operations by their operationId in `specs/fluentcart.yaml`."""
