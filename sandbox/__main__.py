"""`python -m sandbox` is `refund-sandbox`."""

from sandbox.cli import main

main()
