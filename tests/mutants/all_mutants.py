"""All mutants, by rule."""

from tests.mutants import access, deliveries, isolation, locks, money, secrets

MUTANTS = (
    *money.MUTANTS,
    *locks.MUTANTS,
    *deliveries.MUTANTS,
    *isolation.MUTANTS,
    *access.MUTANTS,
    *secrets.MUTANTS,
)
