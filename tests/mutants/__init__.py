"""Mutants: rules of the sandbox, each broken once on purpose, with the tests that must notice it.

`python -m tests.mutants` applies each to a copy of the package and reports those that no test noticed.
"""
