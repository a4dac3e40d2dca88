"""Mock server for the FunnelFox Billing and FluentCart refund APIs."""

__version__ = "0.1.0"
