"""Comparison of the sandbox with the live service."""
