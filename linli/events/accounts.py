"""Letting an analyst read events, wherever the events are."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from linli.events.opening import address_for_reader
from linli.failures import Failure
from linli.stack import finding
from linli.stack.broker_rights import (
    MANAGEMENT,
    Rights,
    RightsByCommand,
    commands_for_reader,
    reader_url,
    rights_over_http,
    vhost_of,
)
from linli.stack.containers import broker
from linli.stack.platform import MEMORY, state_folder
from linli.stack.state import State


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What the analyst connects to, and what has to be typed by somebody before that works."""

    url: str
    commands: tuple[str, ...] = ()


def open_account(reader: str, name: str | None) -> Opened:
    """Let ``reader`` read the events of the platform ``name``, or of the environment's broker."""
    password = secrets.token_urlsafe(18)
    platform = _platform(name)
    if platform is not None and platform.amqp_url == MEMORY:
        return _open_at_gateway(platform, reader, password)
    amqp_url = _amqp_url(platform)
    rights = _rights(platform, amqp_url)
    url = reader_url(amqp_url, reader, password)
    if rights is None:
        return Opened(url=url, commands=tuple(commands_for_reader(vhost_of(amqp_url), reader, password)))
    rights.open_reader(reader, password)
    return Opened(url=url)


def close_account(reader: str, name: str | None) -> None:
    """Take the broker's login ``reader`` away."""
    platform = _platform(name)
    if platform is not None and platform.amqp_url == MEMORY:
        raise Failure("An account of an embedded platform stays; only logins of a broker can be removed.")
    rights = _rights(platform, _amqp_url(platform))
    if rights is None:
        raise Failure(f"Let whoever runs the broker type `rabbitmqctl delete_user …`, or set {MANAGEMENT}.")
    rights.close_reader(reader)


def _platform(name: str | None) -> finding.Running | None:
    """The platform, unless the environment names a broker and no platform is asked for."""
    if name is None and os.environ.get("LINLI_AMQP_URL"):
        return None
    return finding.the_platform(name)


def _amqp_url(platform: finding.Running | None) -> str:
    return os.environ["LINLI_AMQP_URL"] if platform is None else platform.amqp_url


def _rights(platform: finding.Running | None, amqp_url: str) -> Rights | None:
    if platform is not None:
        state = State(state_folder(platform.name))
        if urlsplit(amqp_url).password == state.secret("rabbitmq"):
            return RightsByCommand(broker(state).control, vhost_of(amqp_url))
    return rights_over_http(amqp_url)


def _open_at_gateway(platform: finding.Running, reader: str, password: str) -> Opened:
    from linli import accounts
    from linli_events import NotPermitted, connect
    from shared.kernel.errors import Refusal

    email = reader if "@" in reader else f"{reader}@linli.local"
    try:
        accounts.open_account(platform.database_urls["gateway"], "analyst", email, password, reader)
    except Refusal as refusal:
        raise Failure(refusal.detail) from refusal
    url = address_for_reader(platform.base_url, email, password)
    try:
        connect(url).bounds()
    except NotPermitted as error:
        raise Failure(f"There is an account {email} already, with a password of its own.") from error
    return Opened(url=url)
