"""The gateway as a service: its parts, put together once."""

from __future__ import annotations

import logging

from services.gateway.adapters.access_tokens import SignedTokens, load_keys
from services.gateway.adapters.accounts_sql import AccountStoreSql
from services.gateway.adapters.event_archive_sql import EventArchiveSql, StreamInstead
from services.gateway.adapters.idempotency_sql import KeyRecordsSql
from services.gateway.adapters.passwords import Argon2Passwords
from services.gateway.adapters.pulse import RpcPulse
from services.gateway.adapters.rate_limits import RateLimits
from services.gateway.contracts.trade_forms import SERVICES
from services.gateway.entrypoints.api import Api
from services.gateway.entrypoints.bounded import BoundedRpc
from services.gateway.entrypoints.call import Parts
from services.gateway.entrypoints.routes import ALL
from services.gateway.entrypoints.routing import Router
from services.gateway.entrypoints.server import serves_http
from services.gateway.settings import Settings, read_settings
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids
from shared.messaging.dependencies import ClockProvider, DatabaseProvider, IdsProvider
from shared.messaging.rpc import RpcClient, RpcProvider
from shared.messaging.timer import every
from shared.persistence import Database

log = logging.getLogger(__name__)


class GatewayService:
    """One HTTP API for all apps; accounts, tokens and idempotency keys."""

    name = "gateway"

    database: Database = DatabaseProvider("gateway")
    clock: Clock = ClockProvider()
    ids: Ids = IdsProvider()
    rpc: RpcClient = RpcProvider()

    @serves_http
    def api(self) -> tuple[str, Api]:
        settings = read_settings()
        return settings.address, Api(
            Router(ALL), assembled(settings, self.database, self.clock, self.ids, self.rpc)
        )

    @every(seconds=300)
    def purge(self) -> None:
        """Delete keys and sessions that are past their time."""
        while KeyRecordsSql(self.database).purge():
            pass
        AccountStoreSql(self.database).purge()


def assembled(settings: Settings, database: Database, clock: Clock, ids: Ids, rpc: RpcClient) -> Parts:
    limits = RateLimits(
        settings.rate_limit_storage,
        per_account=settings.requests_per_minute_and_account,
        per_address=settings.requests_per_minute_and_address,
        sign_ins=settings.sign_ins_per_minute_and_address,
        failed_sign_ins=settings.failed_sign_ins_per_minute,
    )
    return Parts(
        rpc=BoundedRpc(rpc, settings.calls_in_flight),
        store=AccountStoreSql(database),
        passwords=Argon2Passwords(limits, parallel=settings.password_threads),
        tokens=SignedTokens(load_keys(settings.token_key_file)),
        records=KeyRecordsSql(database),
        limits=limits,
        pulse=RpcPulse(rpc, database, SERVICES),
        archive=EventArchiveSql(database) if settings.event_archive else StreamInstead(),
        clock=clock,
        ids=ids,
        trusted_proxies=settings.trusted_proxies,
    )
