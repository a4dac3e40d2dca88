"""Mock server for payment APIs and their refunds."""

__version__ = "0.1.0"
