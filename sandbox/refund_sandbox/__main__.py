"""Entry point of `python -m refund_sandbox`."""

from refund_sandbox.cli.main import main

main()
