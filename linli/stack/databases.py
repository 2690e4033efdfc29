"""A database and a login of its own for every service, brought up to date by its migrations."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from sqlalchemy.engine import make_url

from linli.failures import Failure
from linli.stack.state import ROOT


def owners() -> list[str]:
    """The services that own a database: those with migrations."""
    return sorted({file.parents[2].name for file in (ROOT / "services").glob("*/migrations/versions/*.py")})


def connect(url: str) -> Connection:
    """A plain psycopg2 connection in autocommit mode to the database behind a SQLAlchemy ``url``."""
    parts = make_url(url)
    try:
        connection: Connection = psycopg2.connect(
            # A socket file's folder and its port stand in the query.
            host=parts.query.get("host", parts.host),
            port=parts.query.get("port", parts.port or 5432),
            user=parts.username,
            password=parts.password,
            dbname=parts.database,
            connect_timeout=5,
        )
    except psycopg2.OperationalError as error:
        raise Failure(f"PostgreSQL at {where(url)} refused: {str(error).strip()}") from error
    connection.autocommit = True
    return connection


def create(server: Connection, service: str, password: str) -> None:
    """Create the login and the database of ``service``; what exists stays, with the password renewed."""
    name = sql.Identifier(service)
    with server.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (service,))
        verb = "ALTER" if cursor.fetchone() else "CREATE"
        cursor.execute(sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(name, sql.Literal(password)))
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (service,))
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, name))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))


def url_at(server_url: str, service: str, password: str) -> str:
    """The URL of a service's database on the server that ``server_url`` leads to."""
    parts = make_url(server_url).set(username=service, password=password, database=service)
    return parts.render_as_string(hide_password=False)


def migrate_all(urls: Mapping[str, str], told: Callable[[str, list[str]], None] | None = None) -> int:
    """Migrate every database of ``urls`` (by service); returns how many revisions were applied."""
    from shared.persistence.migrations import migrate

    count = 0
    for service, url in urls.items():
        applied = migrate(url, service)
        count += len(applied)
        if told is not None:
            told(service, applied)
    return count


def new_password() -> str:
    return secrets.token_hex(16)


def where(url: str) -> str:
    """``url`` without its secrets, for people."""
    parts = make_url(url)
    if parts.host is None and "host" in parts.query:
        return f"{parts.query['host']}:{parts.query.get('port', 5432)}/{parts.database}"
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.host}{port}/{parts.database}" if parts.host else url
