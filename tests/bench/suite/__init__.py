"""Bench of a test suite: 200 tests of one refund each, with the sandbox and with what people use instead."""
