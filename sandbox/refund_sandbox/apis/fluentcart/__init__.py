"""FluentCart, a WordPress plugin: its orders, refunds and simulated gateways, and WordPress around them."""
