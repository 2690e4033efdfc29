"""When it comes, as customers are told: a window that eight in ten deliveries keep, learnt from past ones.

Learnt are errors of forecasts, in a measure that grows with how far ahead they looked. A quantile of the
errors on either side of a forecast is its window; the less was seen, the more an assumption counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.dispatch.domain.spread import Spread, Weighted, mixed

SHARE = 0.8
WORTH_TELLING = timedelta(minutes=2)
# The first forecast, and the latest of those that replaced it.
MOST_FORECASTS = 5
_LONGEST_LEAD = 60.0
# Before anything is known, by :func:`_measure`: more often late than early, and later at worst.
ASSUMED: Sequence[Weighted] = (
    (-1.2, 0.05), (-0.7, 0.07), (-0.4, 0.12), (-0.15, 0.16), (0.0, 0.2), (0.2, 0.15), (0.45, 0.1),
    (0.8, 0.08), (1.3, 0.05), (2.2, 0.02),
)  # fmt: skip
# What the assumption, and all forecasts whatever their lead, count for; half of it once so much was seen.
ASSUMED_WEIGHT, ANY_LEAD_WEIGHT, _ENOUGH = 20.0, 5.0, 40.0
# Half as much after so many later ones: what planners and couriers do changes over the weeks.
_HALF_AFTER = 600.0


@dataclass(frozen=True, kw_only=True)
class Window:
    starts_at: datetime
    ends_at: datetime

    def holds(self, moment: datetime) -> bool:
        return self.starts_at <= moment <= self.ends_at


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """At ``made_at`` the door was foreseen for ``eta``."""

    made_at: datetime
    eta: datetime

    @property
    def lead(self) -> float:
        return max(0.0, (self.eta - self.made_at).total_seconds() / 60)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What was said about one delivery: the first window, which counts, and the forecasts since."""

    window: Window | None = None
    forecasts: tuple[Forecast, ...] = ()

    @property
    def starts_at(self) -> datetime | None:
        return None if self.window is None else self.window.starts_at

    @property
    def ends_at(self) -> datetime | None:
        return None if self.window is None else self.window.ends_at

    def and_now(self, forecast: Forecast, window: Window | None) -> Told:
        """With a forecast, if it differs enough from the last one to be another."""
        last = self.forecasts[-1] if self.forecasts else None
        first = self.window or window
        if last is not None and abs(forecast.eta - last.eta) < WORTH_TELLING:
            return replace(self, window=first)
        kept = (*self.forecasts[:1], *self.forecasts[1:][-(MOST_FORECASTS - 2) :], forecast)
        return Told(window=first, forecasts=kept)


NOTHING_TOLD = Told()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A forecast, and when the goods were handed over."""

    forecast: Forecast
    door_at: datetime

    @property
    def error(self) -> float:
        """How much later than foreseen, by the measure of how far ahead it was."""
        late = (self.door_at - self.forecast.eta).total_seconds() / 60
        return late / _measure(self.forecast.lead)


class Calibration:
    """How wrong forecasts were; ``outcomes`` come newest first."""

    def __init__(self, outcomes: Sequence[Outcome] = ()) -> None:
        self._seen = [
            (outcome.error, outcome.forecast.lead, math.pow(0.5, number / _HALF_AFTER))
            for number, outcome in enumerate(outcomes)
        ]
        self._spreads: dict[int, Spread] = {}

    def window(self, forecast: Forecast, share: float = SHARE) -> Window:
        """From when to when the goods are handed over in a ``share`` of all cases."""
        spread, measure = self._spread(forecast.lead), _measure(forecast.lead)
        early, late = (spread.quantile(level) * measure for level in ((1 - share) / 2, (1 + share) / 2))
        return Window(
            starts_at=_whole(forecast.eta + timedelta(minutes=early)),
            ends_at=_whole(forecast.eta + timedelta(minutes=late)),
        )

    def _spread(self, lead: float) -> Spread:
        # Forecasts that look as far ahead to the half octave err alike.
        step = _step(lead)
        if step not in self._spreads:
            own = [(error, weight * _alike(_step(other), step)) for error, other, weight in self._seen]
            whole = sum(weight for _, weight in own)
            everything = [(error, weight) for error, _, weight in self._seen]
            fading = _ENOUGH / (_ENOUGH + whole)
            self._spreads[step] = mixed(
                (
                    (own, whole),
                    (everything, min(ANY_LEAD_WEIGHT, len(everything)) * fading),
                    (ASSUMED, ASSUMED_WEIGHT * fading),
                )
            )
        return self._spreads[step]


@dataclass(frozen=True, kw_only=True)
class Windows:
    """The windows of a zone: of forecasts that are a customer's first, and of those that replace others."""

    first: Calibration = field(default_factory=Calibration)
    later: Calibration = field(default_factory=Calibration)

    def promise(self, now: datetime, eta: datetime) -> Window:
        return self.first.window(Forecast(made_at=now, eta=eta))

    def present(self, now: datetime, eta: datetime) -> Window:
        """What can be said ``now`` of a delivery that is under way; nothing of it lies in the past."""
        found = self.later.window(Forecast(made_at=now, eta=max(now, eta)))
        return Window(starts_at=max(now, found.starts_at), ends_at=max(now, found.ends_at))


def _measure(lead: float) -> float:
    """Minutes that a forecast may err by, roughly: two, and a fifth of what it looks ahead, up to an hour."""
    return 2.0 + 0.2 * min(lead, _LONGEST_LEAD)


def _step(lead: float) -> int:
    return round(2 * math.log2(lead + 5))


def _alike(step: int, other: int) -> float:
    return math.pow(0.25, abs(step - other))


def _whole(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
