"""FunnelFox Billing: orders, their transactions, and what a refund does to subscriptions and one-offs."""
