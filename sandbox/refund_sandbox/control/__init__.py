"""The control API under /_sandbox: what tests and tools use to set a world up and to look behind it."""
