from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from store import migrating, tables


def test_migrated_database_has_exactly_the_tables_of_the_program(database):
    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_migrating_twice_changes_nothing(database):
    before = migrating.revisions(database)
    migrating.upgrade(database)
    assert migrating.revisions(database) == before
    assert before[0] == before[1]
