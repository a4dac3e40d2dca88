"""Stores in SQLite and PostgreSQL, with SQLAlchemy Core."""
