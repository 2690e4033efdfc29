"""Accounts and sessions on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.gateway.adapters.accounts_sql import AccountStoreSql
from services.gateway.application import accounts
from services.gateway.application.accounts import Register, SignedIn
from services.gateway.domain.accounts import Account, Role
from services.gateway.domain.errors import (
    AccountExists,
    RefreshTokenInvalid,
    RefreshTokenReused,
    WrongCredentials,
)
from services.gateway.entrypoints.administration import create_account
from shared.kernel.clock import SystemClock
from shared.kernel.ids import UuidV7
from shared.persistence import Database
from tests.gateway.builders import World
from tests.gateway.fakes import PlainPasswords

LAN = Register(email="lan@example.org", phone=None, password="correct horse", name="Lan", role=Role.CUSTOMER)
TOKENS = World().tokens


@pytest.fixture
def database(service_database: Callable[[str], Database]) -> Database:
    return service_database("gateway")


@pytest.fixture
def store(database: Database) -> AccountStoreSql:
    return AccountStoreSql(database)


def register(store: AccountStoreSql, command: Register = LAN, key: str = "k") -> SignedIn:
    return accounts.register(
        command,
        key,
        store=store,
        passwords=PlainPasswords(),
        tokens=TOKENS,
        clock=SystemClock(),
        ids=UuidV7(),
    )


def events(database: Database) -> list[tuple[str, str]]:
    with database.read() as connection:
        rows = connection.execute(text("SELECT type, subject FROM outbox ORDER BY position"))
        return [(row.type, row.subject) for row in rows]


def test_an_account_comes_back_as_it_went_in_and_is_announced_once(
    store: AccountStoreSql, database: Database
) -> None:
    first = register(store).account
    with store.begin() as found:
        assert found.by_id(first.account_id) == first
        assert found.by_identity("lan@example.org", None) == first
        assert found.by_identity(None, "+8657155550100") is None
    again = register(store)
    assert again.replayed
    assert again.account == first
    assert events(database) == [("AccountRegistered", first.account_id)]
    with database.read() as connection:
        data = connection.execute(text("SELECT data FROM outbox")).scalar_one()
    assert "lan@example.org" not in data


def test_an_account_that_is_not_stored_is_not_announced(store: AccountStoreSql, database: Database) -> None:
    with pytest.raises(RuntimeError), store.begin() as found:
        assert found.add(an_account("lan@example.org"))
        raise RuntimeError("the process died")
    assert events(database) == []


def an_account(email: str) -> Account:
    return Account(
        account_id=UuidV7().new(),
        role=Role.COURIER,
        name="Lan",
        email=email,
        phone=None,
        password_hash="hash",
        registered_at=datetime.now(UTC),
    )


def test_of_many_who_register_one_identity_at_once_one_has_it(
    store: AccountStoreSql, database: Database
) -> None:
    def ask(number: int) -> str:
        try:
            return register(store, key=f"k{number}").account.account_id
        except AccountExists:
            return "taken"

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(ask, range(6)))
    assert outcomes.count("taken") == 5
    assert len(events(database)) == 1


def test_the_same_registration_many_times_at_once_is_one_account(
    store: AccountStoreSql, database: Database
) -> None:
    with ThreadPoolExecutor(6) as pool:
        outcomes = set(pool.map(lambda _: register(store).account.account_id, range(6)))
    assert len(outcomes) == 1
    assert len(events(database)) == 1


def test_refresh_tokens_rotate_and_reuse_closes_the_session(
    store: AccountStoreSql, database: Database
) -> None:
    first = register(store)
    second = accounts.refresh(first.refresh_token, store=store, tokens=TOKENS)
    assert second.account == first.account
    with database.read() as connection:
        kept = connection.execute(text("SELECT token_hash FROM refresh_tokens")).scalars().all()
    assert first.refresh_token.encode() not in {bytes(token) for token in kept}
    with pytest.raises(RefreshTokenReused):
        accounts.refresh(first.refresh_token, store=store, tokens=TOKENS)
    with pytest.raises(RefreshTokenInvalid):
        accounts.refresh(second.refresh_token, store=store, tokens=TOKENS)


def test_of_two_who_use_one_refresh_token_at_once_one_gets_through_and_the_session_is_closed(
    store: AccountStoreSql,
) -> None:
    token = register(store).refresh_token

    def ask(_: int) -> str:
        try:
            return accounts.refresh(token, store=store, tokens=TOKENS).refresh_token
        except RefreshTokenReused:
            return "reused"

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(ask, range(4)))
    assert outcomes.count("reused") == 3
    (following,) = [outcome for outcome in outcomes if outcome != "reused"]
    with pytest.raises(RefreshTokenInvalid):
        accounts.refresh(following, store=store, tokens=TOKENS)


def test_an_expired_refresh_token_is_invalid_and_is_deleted_later(
    store: AccountStoreSql, database: Database
) -> None:
    token = register(store).refresh_token
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE refresh_tokens SET expires_at = now() - interval '2 days'"))
    with pytest.raises(RefreshTokenInvalid):
        accounts.refresh(token, store=store, tokens=TOKENS)
    register(store, replace(LAN, email="mei@example.org"))
    store.purge()
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM refresh_tokens")).scalar_one() == 1


def test_signing_in_opens_a_session_of_its_own(store: AccountStoreSql) -> None:
    register(store)

    def sign_in(password: str) -> SignedIn:
        return accounts.sign_in(
            "lan@example.org",
            None,
            password,
            store=store,
            passwords=PlainPasswords(),
            tokens=TOKENS,
            ids=UuidV7(),
        )

    one, other = sign_in("correct horse"), sign_in("correct horse")
    accounts.sign_out(TOKENS.principal(one.access_token), store=store, tokens=TOKENS)
    with pytest.raises(RefreshTokenInvalid):
        accounts.refresh(one.refresh_token, store=store, tokens=TOKENS)
    assert accounts.refresh(other.refresh_token, store=store, tokens=TOKENS).account.name == "Lan"
    with pytest.raises(WrongCredentials):
        sign_in("wrong horse")


def test_the_platform_opens_accounts_of_any_role_and_only_once(database: Database) -> None:
    def open_one(role: str = "operator") -> str:
        return create_account(
            role=role, name="Ops", password="correct horse", email="ops@example.org", database=database
        )

    account_id = open_one()
    assert open_one() == account_id
    with pytest.raises(AccountExists):
        open_one("analyst")
    assert events(database) == [("AccountRegistered", account_id)]


def test_sessions_outlive_access_tokens_by_far(store: AccountStoreSql, database: Database) -> None:
    register(store)
    with database.read() as connection:
        until = connection.execute(text("SELECT expires_at FROM refresh_tokens")).scalar_one()
    assert until - datetime.now(UTC) > timedelta(days=29)
