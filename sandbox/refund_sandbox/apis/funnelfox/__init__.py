"""FunnelFox Billing: purchases, subscriptions and refunds."""
