import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from bunga_cli.store.migrations import REVISIONS
from bunga_cli.store.revision import SCRIPTS, migrate
from bunga_cli.store.schema import metadata


@pytest.fixture
def migrated(path: Path) -> Path:
    migrate(path)
    return path


def definitions(path: Path) -> dict[str, set[str]]:
    """Return what defines each table and index: its SQL, clause by clause, in any order.

    A column that was added stands in the line of another.
    """
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql NOT NULL")
        return {name: set(re.split(r",?\s*\n\s*|, ", sql)) for name, sql in rows}


def test_alembic_sees_no_difference_between_migrations_and_schema(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrations_write_the_very_definitions_of_the_schema(
    migrated: Path, tmp_path: Path
) -> None:
    """Alembic compares neither checks nor AUTOINCREMENT."""
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    metadata.create_all(engine)
    engine.dispose()
    found = definitions(migrated)
    del found["alembic_version"]
    assert found == definitions(tmp_path / "fresh.db")


def test_the_revisions_known_are_the_revisions_there_are() -> None:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config).walk_revisions()
    assert tuple(script.revision for script in scripts)[::-1] == REVISIONS


def test_every_foreign_key_has_an_index_and_says_what_follows_a_deletion(migrated: Path) -> None:
    """Without an index a deletion reads the whole table; without an action it is refused."""
    with closing(sqlite3.connect(migrated)) as connection:
        for table in metadata.tables.values():
            for constraint in table.foreign_key_constraints:
                assert constraint.ondelete in {"CASCADE", "SET NULL"}
                columns = " AND ".join(f"{name} = 1" for name in constraint.column_keys)
                query = f"EXPLAIN QUERY PLAN SELECT 1 FROM {table.name} WHERE {columns}"
                [(*_, plan)] = connection.execute(query)
                assert plan.startswith("SEARCH"), (table.name, columns)
