"""Opening accounts that nobody may open over HTTP: operators and analysts."""

from __future__ import annotations

import warnings


def open_account(
    database_url: str, role: str, email: str, password: str, name: str, phone: str | None = None
) -> str:
    """The id of the account of any ``role`` with this email address, opened if there was none."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from services.gateway.entrypoints.administration import create_account
    from shared.persistence import Database

    database = Database(database_url, "gateway", pool_size=1)
    try:
        return create_account(
            role=role, name=name, password=password, email=email, phone=phone, database=database
        )
    finally:
        database.close()
