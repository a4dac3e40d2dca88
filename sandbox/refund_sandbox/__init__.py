"""A mock server of FunnelFox Billing's and FluentCart's refunds that keeps a ledger."""

__version__ = "0.1.0"
