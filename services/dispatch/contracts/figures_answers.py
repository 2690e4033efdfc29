"""How a zone did, as plain data for its operators."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import Any

from services.dispatch.contracts.published import code_of
from services.dispatch.domain.finished_day import SolvedDay
from services.dispatch.domain.planning.hindsight import Ridden
from services.dispatch.domain.zone_figures import Span, ZoneFigures
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def figures(zone_id: str, span: Span, figures: ZoneFigures, solved: SolvedDay | None) -> Wire:
    failed: Counter[str] = Counter()
    for reason, count in figures.failed.items():
        failed[code_of(reason)] += count
    told = {"zone_id": zone_id, "since": to_wire(span[0]), "until": to_wire(span[1])}
    known = {"failed": dict(failed), "hindsight": None if solved is None else _hindsight(solved)}
    return told | asdict(figures) | known


def _hindsight(solved: SolvedDay) -> Wire:
    found = solved.hindsight
    share = found.gap_share
    return {
        "day": solved.day.isoformat(),
        "solved_at": to_wire(solved.solved_at),
        "baskets": found.baskets,
        "compared": found.compared,
        "gap_minutes": _rounded(found.gap),
        "gap_percent": None if share is None else _rounded(100 * share),
        "lived": _ridden(found.lived),
        "resolved": _ridden(found.resolved),
        "rounds": found.rounds,
    }


def _ridden(ridden: Ridden) -> Wire:
    return {
        "click_to_door": _rounded(ridden.click_to_door),
        "kilometres": _rounded(ridden.kilometres),
        "undelivered": ridden.undelivered,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
