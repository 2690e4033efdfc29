"""How much of the stream is kept, as the environment says."""

from __future__ import annotations

import os
import re

from linli.failures import Failure
from shared.messaging.retention import Retention

_AGE = re.compile(r"[1-9][0-9]{0,8}[YMDhms]\Z")
_LEAST_BYTES = 1_000_000


def retention_from_environment() -> Retention:
    """LINLI_STREAM_MAX_AGE and LINLI_STREAM_MAX_BYTES; all that is wrong is said in one :class:`Failure`."""
    usual = Retention()
    max_age = os.environ.get("LINLI_STREAM_MAX_AGE") or usual.max_age
    max_bytes = os.environ.get("LINLI_STREAM_MAX_BYTES") or str(usual.max_bytes)
    wrong = []
    if not _AGE.match(max_age):
        wrong.append(
            f"LINLI_STREAM_MAX_AGE is {max_age!r}: write a number and one of Y, M, D, h, m, s, such as 30D."
        )
    if not (max_bytes.isascii() and max_bytes.isdigit() and int(max_bytes) >= _LEAST_BYTES):
        wrong.append(f"LINLI_STREAM_MAX_BYTES is {max_bytes!r}: write a number, at least {_LEAST_BYTES}.")
    if wrong:
        raise Failure(" ".join(wrong), exit_code=2)
    return Retention(max_age=max_age, max_bytes=int(max_bytes))
