"""Keeps records in SQLite or PostgreSQL, through SQLAlchemy Core."""
