"""What is known of a second try at the door."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class SecondTry:
    """The first try failed for a reason; until ``choose_by`` a window may be chosen for another.

    ``returning_since`` is when it was given up and the goods began to go back.
    """

    failed_at: datetime
    reason: str
    choose_by: datetime
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    chosen_by: str | None = None
    returning_since: datetime | None = None

    @property
    def opens_at(self) -> datetime:
        """Not before then it is tried: nobody has chosen yet, or the window has not begun."""
        return self.starts_at or self.choose_by

    @property
    def due_at(self) -> datetime:
        return self.returning_since or self.ends_at or self.choose_by
