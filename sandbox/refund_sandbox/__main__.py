"""`python -m refund_sandbox` is `refund-sandbox`."""

from refund_sandbox.cli.main import main

main()
