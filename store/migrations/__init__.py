"""Alembic migrations: only ever forward, and each readable by the release before it."""
