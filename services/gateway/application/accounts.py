"""Accounts and sessions: register, sign in, refresh, sign out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.gateway.application.ports import Accounts, AccountStore, Passwords, Tokens
from services.gateway.domain import accounts as rules
from services.gateway.domain.accounts import Account, Principal, Role
from services.gateway.domain.errors import (
    AccountExists,
    IdempotencyKeyReused,
    NotYourRole,
    RefreshTokenInvalid,
    RefreshTokenReused,
    TokenInvalid,
    WrongCredentials,
)
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids, derived_id

SESSION_LASTS = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Register:
    email: str | None
    phone: str | None
    password: str
    name: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    account: Account
    access_token: str
    refresh_token: str
    expires_in: int
    replayed: bool = False


def register(
    command: Register,
    key: str,
    *,
    store: AccountStore,
    passwords: Passwords,
    tokens: Tokens,
    clock: Clock,
    ids: Ids,
) -> SignedIn:
    """Open an account and sign it in.

    The account's id belongs to its identity and ``key``: who repeats the request, password included, gets
    the same account with fresh tokens, since tokens are nowhere stored that could be given again.
    """
    if command.role not in rules.SELF_REGISTERED:
        raise NotYourRole("Accounts of this role are opened by the platform.")
    email, phone = rules.identity(command.email, command.phone)
    secret = rules.password(command.password)
    account_id = derived_id("account", email or "", phone or "", key)
    with store.begin() as accounts:
        known = accounts.by_identity(email, phone)
    if known is None:
        account = Account(
            account_id=account_id,
            role=command.role,
            name=command.name,
            email=email,
            phone=phone,
            password_hash=passwords.hash(secret),
            registered_at=clock.now(),
        )
        with store.begin() as accounts:
            if accounts.add(account):
                return _open_session(account, accounts, tokens, ids)
            known = accounts.by_identity(email, phone)
    if known is None or known.account_id != account_id:
        raise AccountExists("There is an account with this email address or phone number. Sign in instead.")
    if (known.name, known.role, known.email, known.phone) != (
        command.name,
        command.role,
        email,
        phone,
    ) or not passwords.verify(secret, known.password_hash, email or phone or ""):
        raise IdempotencyKeyReused("This Idempotency-Key was used for another registration.")
    with store.begin() as accounts:
        return _open_session(known, accounts, tokens, ids, replayed=True)


def create_account(
    command: Register, *, store: AccountStore, passwords: Passwords, clock: Clock, ids: Ids
) -> Account:
    """Open an account of any role, on the platform's own behalf.

    Doing it again gives the account that is there; another role for the same identity is refused.
    """
    email, phone = rules.identity(command.email, command.phone)
    secret = rules.password(command.password)
    with store.begin() as accounts:
        known = accounts.by_identity(email, phone)
    if known is None:
        account = Account(
            account_id=ids.new(),
            role=command.role,
            name=command.name,
            email=email,
            phone=phone,
            password_hash=passwords.hash(secret),
            registered_at=clock.now(),
        )
        with store.begin() as accounts:
            if accounts.add(account):
                return account
            known = accounts.by_identity(email, phone)
    if known is None or known.role is not command.role:
        raise AccountExists("There is an account with this identity, under another role.")
    return known


def sign_in(
    email: str | None,
    phone: str | None,
    password: str,
    *,
    store: AccountStore,
    passwords: Passwords,
    tokens: Tokens,
    ids: Ids,
) -> SignedIn:
    """Open a session. A wrong password and an unknown identity look the same, and take as long."""
    email, phone = rules.identity(email, phone)
    with store.begin() as accounts:
        account = accounts.by_identity(email, phone)
    password_hash = account.password_hash if account else None
    if not passwords.verify(password, password_hash, email or phone or "") or account is None:
        raise WrongCredentials("The email address or phone number, or the password, is wrong.")
    with store.begin() as accounts:
        return _open_session(account, accounts, tokens, ids)


def refresh(refresh_token: str, *, store: AccountStore, tokens: Tokens) -> SignedIn:
    """Trade a refresh token for the next one. A token that comes twice was stolen: its session is closed."""
    offered = tokens.hash_of(refresh_token)
    following = tokens.refresh_token()
    now = datetime.now(UTC)
    with store.begin() as accounts:
        traded = accounts.use_refresh_token(offered, following.hash, now, now + SESSION_LASTS)
        closed = None if traded else accounts.close_session_of_used_token(offered, now)
    if traded is None:
        if closed is None:
            raise RefreshTokenInvalid("Sign in again.")
        tokens.forget_session(closed)
        raise RefreshTokenReused("This refresh token was used before: its session was closed. Sign in again.")
    session_id, account = traded
    return _signed_in(account, session_id, following.text, tokens)


def sign_out(principal: Principal, *, store: AccountStore, tokens: Tokens) -> None:
    """Close the session that the request came with."""
    with store.begin() as accounts:
        accounts.close_session(principal.session_id, datetime.now(UTC))
    tokens.forget_session(principal.session_id)


def who_am_i(principal: Principal, *, store: AccountStore) -> Account:
    with store.begin() as accounts:
        account = accounts.by_id(principal.account_id)
    if account is None:
        raise TokenInvalid("The account of this token is gone.")
    return account


def _open_session(
    account: Account, accounts: Accounts, tokens: Tokens, ids: Ids, replayed: bool = False
) -> SignedIn:
    session_id = ids.new()
    first = tokens.refresh_token()
    accounts.open_session(session_id, account.account_id, first.hash, datetime.now(UTC) + SESSION_LASTS)
    return _signed_in(account, session_id, first.text, tokens, replayed)


def _signed_in(
    account: Account, session_id: str, refresh_token: str, tokens: Tokens, replayed: bool = False
) -> SignedIn:
    principal = Principal(account_id=account.account_id, role=account.role, session_id=session_id)
    return SignedIn(
        account=account,
        access_token=tokens.access_token(principal),
        refresh_token=refresh_token,
        expires_in=tokens.lifetime_seconds,
        replayed=replayed,
    )
