"""What a customer was told, as a JSON document and back; older rows have none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain.promise import NOTHING_TOLD, Forecast, Told, Window


def told_json(told: Told) -> dict[str, Any]:
    window = told.window
    return {
        "window": window and [window.starts_at.isoformat(), window.ends_at.isoformat()],
        "forecasts": [[one.made_at.isoformat(), one.eta.isoformat()] for one in told.forecasts],
    }


def told_of(document: Mapping[str, Any] | None) -> Told:
    if document is None:
        return NOTHING_TOLD
    window = None
    if document["window"] is not None:
        starts_at, ends_at = map(datetime.fromisoformat, document["window"])
        window = Window(starts_at=starts_at, ends_at=ends_at)
    forecasts = (map(datetime.fromisoformat, pair) for pair in document["forecasts"])
    return Told(
        window=window, forecasts=tuple(Forecast(made_at=made_at, eta=eta) for made_at, eta in forecasts)
    )
