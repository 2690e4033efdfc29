"""The events of the platform that runs here, or of the one that an address names."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import quote, urlsplit

from rich.console import Console

from linli.failures import Failure
from linli.stack import finding
from linli.stack.platform import MEMORY, state_folder
from linli.stack.state import State
from linli_events import Events, EventsError, connect

# Whoever may read the platform's state folder may read its events, so nobody has to sign in.
_READER = "events@linli.local"


@contextmanager
def open_events(url: str | None, name: str | None) -> Iterator[Events]:
    """The events behind ``url``, or of the platform that runs here.

    What goes wrong while they are read is a :class:`Failure`; interruptions that are overcome are told on
    standard error.
    """
    logger = logging.getLogger("linli_events")
    handler = _OnStandardError()
    logger.addHandler(handler)
    try:
        with connect(url or url_of(finding.the_platform(name))) as events:
            yield events
    except EventsError as error:
        raise Failure(str(error)) from error
    finally:
        logger.removeHandler(handler)


def offset_or_moment(text: str) -> int | datetime | None:
    """The offset, or the moment with its time zone, that ``text`` says; ``None`` when it says neither."""
    if re.fullmatch(r"[0-9]{1,18}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else moment


def address_for_reader(base_url: str, email: str, password: str) -> str:
    """The address that an analyst of an embedded platform connects to."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{quote(email, safe='')}:{quote(password, safe='')}@{parts.netloc}"


def url_of(platform: finding.Running) -> str:
    """Where the events of a platform on this machine are read, by whoever may read its state folder."""
    if platform.amqp_url != MEMORY:
        return platform.amqp_url
    from linli.accounts import open_account

    password = State(state_folder(platform.name)).secret("events-reader")
    open_account(platform.database_urls["gateway"], "analyst", _READER, password, "事件读者")
    return address_for_reader(platform.base_url, _READER, password)


class _OnStandardError(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._console = Console(stderr=True)

    def emit(self, record: logging.LogRecord) -> None:
        self._console.print(record.getMessage(), style="yellow", markup=False, highlight=False)
