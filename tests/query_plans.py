"""How SQLite finds what is asked of it."""

import sqlalchemy as sa


def plans(database, ask):
    """Run something, and return the plans of all that it asked the database for, a line a step."""
    asked = []
    with database.read() as connection:
        sa.event.listen(connection, "before_cursor_execute", lambda *told: asked.append(told[2:4]))
        ask(connection)
    with database.read() as connection:
        return [
            step[3]
            for statement, values in asked
            for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
