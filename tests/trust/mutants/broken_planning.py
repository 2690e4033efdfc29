"""How a zone gets two planners: each function breaks the process that it is called in."""

from __future__ import annotations


def plan_without_lease() -> None:
    """A planner keeps its plan without looking whether the zone is still its own."""
    from sqlalchemy import text

    from services.dispatch.adapters import desk

    held = str(desk._HOLD)
    unchecked = held.replace(desk._MINE, "zone_id = :zone_id")
    if unchecked == held:
        raise AssertionError("plans are kept in another way by now")
    desk._HOLD = text(unchecked)
    # Nor does it stop when it could have noticed.
    desk.SqlDesk.renew = lambda *_: True  # type: ignore[method-assign]
