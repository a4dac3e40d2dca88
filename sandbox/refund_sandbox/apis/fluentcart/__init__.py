"""FluentCart, a WordPress plugin: its orders, its books, its gateways, and WordPress around them."""
