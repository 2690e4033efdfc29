"""What a failing database means for a request."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.gateway.domain.errors import Busy
from shared.kernel.errors import Refusal, Unavailable
from shared.persistence.database import is_disconnect


def as_refusal(error: Exception) -> Refusal | None:
    """The refusal that the caller gets for ``error``; none when it is a mistake of ours."""
    if isinstance(error, PoolTimeout):
        return Busy("Too much is being asked at the moment.")
    if isinstance(error, DBAPIError) and is_disconnect(error):
        return Unavailable("The accounts' database is not available.")
    return None
