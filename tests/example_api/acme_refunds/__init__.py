"""Acme Pay, an invented payment provider: charges, refunds and one webhook."""
