"""Rules of the shop: pure functions of records."""
