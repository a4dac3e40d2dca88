"""Class names of the plugin's models. Labels, the activity log and errors name a record's type by them."""

PREFIX = "FluentCart\\App\\Models\\"
ORDER = f"{PREFIX}Order"
SUBSCRIPTION = f"{PREFIX}Subscription"
CUSTOMER = f"{PREFIX}Customer"
PRODUCT = f"{PREFIX}Product"
COUPON = f"{PREFIX}Coupon"
