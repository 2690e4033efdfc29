"""Migrations: one line of revisions per service, one environment for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, create_engine, text

from shared.persistence.tables import messaging_tables

SERVICES = Path(__file__).resolve().parents[2] / "services"
# Any constant works; it only keeps two migrations of one database apart.
_MIGRATION_LOCK = 5_463_200_117


def create_messaging_tables(op: Operations) -> None:
    """Create the messaging tables; the first revision of every service calls it."""
    metadata = MetaData()
    messaging_tables(metadata)
    metadata.create_all(op.get_bind(), checkfirst=False)


def script_directory(service: str) -> ScriptDirectory:
    """The revisions of ``service``; raises :class:`FileNotFoundError` where there are none."""
    location = SERVICES / service / "migrations"
    if not (location / "versions").is_dir():
        raise FileNotFoundError(f"the service {service!r} has no migrations")
    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    config.set_main_option("version_path_separator", "os")
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def migrate(url: str, service: str, revision: str = "heads") -> list[str]:
    """Bring the database at ``url`` up to ``revision`` and name the revisions that were applied.

    Two processes may call this at once: the second waits, then finds nothing to do.
    """
    applied: list[str] = []
    scripts = script_directory(service)
    config = Config()
    with _connection(url) as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.commit()

        def upgrade(current: Any, _context: object) -> list[object]:
            steps = list(scripts._upgrade_revs(revision, current))
            applied.extend(step.info.up_revision_id or "" for step in steps)
            return list(steps)

        with EnvironmentContext(config, scripts, fn=upgrade) as environment:
            environment.configure(connection=connection, transaction_per_migration=True)
            with environment.begin_transaction():
                environment.run_migrations()
        connection.commit()
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _MIGRATION_LOCK})
        connection.commit()
    return applied


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
