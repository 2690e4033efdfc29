"""What is done to accounts from the command line and when a platform is set up."""

from __future__ import annotations

from services.gateway.adapters.accounts_sql import AccountStoreSql
from services.gateway.adapters.passwords import Argon2Passwords
from services.gateway.adapters.rate_limits import RateLimits
from services.gateway.application import accounts
from services.gateway.application.accounts import Register
from services.gateway.domain.accounts import Role
from shared.kernel.clock import Clock, clock_from_environment
from shared.kernel.ids import UuidV7
from shared.messaging.dependencies import database_url
from shared.persistence import Database


def create_account(
    *,
    role: str,
    name: str,
    password: str,
    email: str | None = None,
    phone: str | None = None,
    database: Database | None = None,
    clock: Clock | None = None,
) -> str:
    """Open an account of any role and give its id; when there is one with this identity and role, give that.

    Without ``database`` it is the one that ``LINLI_GATEWAY_DATABASE_URL`` names.
    """
    opened = database or Database(database_url("gateway"), "gateway", pool_size=1)
    nobody_signs_in = RateLimits("local://", per_account=1, per_address=1, sign_ins=1, failed_sign_ins=1)
    try:
        account = accounts.create_account(
            Register(email=email, phone=phone, password=password, name=name, role=Role(role)),
            store=AccountStoreSql(opened),
            passwords=Argon2Passwords(nobody_signs_in),
            clock=clock or clock_from_environment(),
            ids=UuidV7(),
        )
    finally:
        if database is None:
            opened.close()
    return account.account_id
