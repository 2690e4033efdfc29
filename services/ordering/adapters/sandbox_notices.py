"""What the sandbox provider's notifications say, once their signature is verified."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from services.ordering.adapters import standard_webhooks
from services.ordering.contracts import requests
from services.ordering.domain.commands import Notice


def notices(key: bytes, headers: Mapping[str, str], body: str) -> Sequence[Notice]:
    """As the port of a provider has it; ``key`` is the one that both sides know."""
    standard_webhooks.verify(key, headers, body, time.time())
    return [requests.notice(body)]
