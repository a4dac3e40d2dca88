"""Control API under /_sandbox: tests and tools set up the state of a workspace with it, and inspect it."""
