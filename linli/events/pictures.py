"""Answers as pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from linli.events.lettering import Lettering
from linli.events.queries import Answer, Query
from linli.failures import Failure

# Okabe and Ito's colours, which the colour-blind tell apart.
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#8C6BB1")
_OTHER = "#999999"
_MOST_CATEGORIES, _MOST_BARS = 8, 15
_BAR_DAYS = 50 / 1440
_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.unicode_minus": False,
    "font.size": 10,
    "legend.frameon": False,
}

Record = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class _Sheet:
    """Where to draw, how to write names, and in which time zone hours begin."""

    axes: Axes
    lettering: Lettering
    zone: str


def draw(query: Query, answer: Answer, file: Path, zone: str) -> list[str]:
    """Draw the answer into ``file`` (its ending names the format); returns what has to be said of it."""
    painter = _PAINTERS.get(query.name)
    if painter is None:
        raise Failure(f"There is no picture of {query.name}.", exit_code=2)
    if not answer.rows:
        raise Failure("There is nothing to draw: the answer is empty.")
    records = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    names = [value for record in records for value in record.values() if isinstance(value, str)]
    lettering = Lettering([*names, query.question])
    with mpl.rc_context(_STYLE | {"font.family": lettering.families}):
        figure = Figure(figsize=(9, 5), dpi=110, layout="constrained")
        FigureCanvasAgg(figure)
        notes = painter(_Sheet(axes=figure.add_subplot(), lettering=lettering, zone=zone), records)
        try:
            figure.savefig(file)
        except (OSError, ValueError) as error:
            raise Failure(f"The picture cannot be saved as {file}: {error}") from error
    return [*notes, *filter(None, [lettering.note])]


def _gross_sales(sheet: _Sheet, records: list[Record]) -> list[str]:
    axes = sheet.axes
    records, currency, notes = _one_currency(records, "gross")
    totals: dict[str, float] = defaultdict(float)
    for record in records:
        totals[record["category"]] += record["gross"]
    shown = sorted(totals, key=lambda name: -totals[name])[:_MOST_CATEGORIES]
    hours = sorted({record["hour"] for record in records})
    floor = dict.fromkeys(hours, 0.0)
    for name, colour in (*zip(shown, _COLOURS, strict=False), ("other", _OTHER)):
        heights: dict[datetime, float] = defaultdict(float)
        for record in records:
            if record["category"] == name or (name == "other" and record["category"] not in shown):
                heights[record["hour"]] += record["gross"]
        if heights:
            axes.bar(
                date2num([hour + timedelta(minutes=30) for hour in heights]),
                list(heights.values()),
                width=_BAR_DAYS,
                bottom=[floor[hour] for hour in heights],
                color=colour,
                label=sheet.lettering(name),
            )
            for hour, height in heights.items():
                floor[hour] += height
    locator = AutoDateLocator(minticks=3, maxticks=10, interval_multiples=True)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))
    axes.set_xlim(hours[0] - timedelta(hours=1), hours[-1] + timedelta(hours=2))
    days = f"{hours[0]:%Y-%m-%d}" + (
        f" to {hours[-1]:%Y-%m-%d}" if hours[-1].date() != hours[0].date() else ""
    )
    axes.set(title=f"Gross sales by hour and category, {days}", xlabel=f"hour ({sheet.zone})")
    axes.set_ylabel(f"gross sales an hour ({currency})")
    axes.yaxis.set_major_formatter(_thousands())
    axes.grid(axis="y", alpha=0.3)
    handles, labels = axes.get_legend_handles_labels()
    # As the bars lie on each other, so do their names.
    axes.legend(handles[::-1], labels[::-1], title="category", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return notes


def _funnel(sheet: _Sheet, records: list[Record]) -> list[str]:
    axes = sheet.axes
    steps = [record["step"] for record in records]
    orders = [record["orders"] for record in records]
    bars = axes.barh(steps, orders, color=_COLOURS[0], height=0.7)
    texts = []
    for record in records:
        share = f" · {record['percent_of_all']:g} %" if record["percent_of_all"] is not None else ""
        minutes = record["median_minutes_since_placed"]
        texts.append(f"{record['orders']:,}{share}" + (f" · after {_minutes(minutes)}" if minutes else ""))
    axes.bar_label(bars, texts, padding=5)
    axes.invert_yaxis()
    axes.set_xlim(0, max(1, *orders) * 1.35)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.xaxis.set_major_formatter(_thousands())
    axes.set(title="How far orders got", xlabel="orders (share of the first step · median time since placed)")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return []


def _late(sheet: _Sheet, records: list[Record]) -> list[str]:
    axes = sheet.axes
    records, notes = _most(records, "zones")
    names = [_short(record["zone"], sheet.lettering) for record in records]
    late = [record["late"] for record in records]
    in_time = [record["delivered"] - record["late"] for record in records]
    axes.barh(names, in_time, color=_COLOURS[4], label="in time", height=0.7)
    bars = axes.barh(names, late, left=in_time, color=_COLOURS[5], label="late", height=0.7)
    texts = []
    for record in records:
        share = (
            f"{record['percent_late']:g} % late" if record["percent_late"] is not None else "none delivered"
        )
        by = record["median_minutes_late"]
        texts.append(share + (f", by {_minutes(by)}" if by else ""))
    axes.bar_label(bars, texts, padding=5)
    _sideways(axes, [record["delivered"] for record in records])
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(title="Deliveries later than promised, by zone", xlabel="deliveries (late ones by their median)")
    return notes


def _commission(sheet: _Sheet, records: list[Record]) -> list[str]:
    axes = sheet.axes
    records, currency, notes = _one_currency(records, "accrued")
    records, more = _most(records, "promoters")
    names = []
    for record in records:
        category = f"{sheet.lettering(record['category'])} " if record["category"] else ""
        names.append(category + _short(record["promoter"], sheet.lettering))
    floor = [0.0] * len(records)
    for part, colour in (("released", _COLOURS[2]), ("frozen", _COLOURS[4]), ("reversed", _OTHER)):
        sizes = [record[part] for record in records]
        bars = axes.barh(names, sizes, left=floor, color=colour, label=part, height=0.7)
        floor = [below + size for below, size in zip(floor, sizes, strict=True)]
        if part == "reversed":
            axes.bar_label(bars, [f"{record['accrued']:,.2f}" for record in records], padding=5)
    _sideways(axes, floor)
    axes.set(title="Commission by promoting shop", xlabel=f"accrued commission ({currency})")
    return [*notes, *more]


_PAINTERS: dict[str, Callable[[_Sheet, list[Record]], list[str]]] = {
    "gross-sales": _gross_sales,
    "funnel": _funnel,
    "late-deliveries": _late,
    "commission": _commission,
}


def _sideways(axes: Axes, sizes: Sequence[float]) -> None:
    axes.invert_yaxis()
    axes.set_xlim(0, (max(sizes) or 1) * 1.4)
    axes.xaxis.set_major_formatter(_thousands())
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _one_currency(records: list[Record], amount: str) -> tuple[list[Record], str, list[str]]:
    """Amounts of different currencies cannot be added: the one with the most rows is drawn."""
    counts: dict[str, int] = defaultdict(int)
    for record in records:
        counts[record["currency"]] += 1
    currency = max(counts, key=lambda name: (counts[name], name))
    others = ", ".join(sorted(set(counts) - {currency}))
    notes = [f"The picture shows {currency} alone; there is also {others}."] if others else []
    chosen = [
        record | {amount: float(record[amount])} for record in records if record["currency"] == currency
    ]
    return chosen, currency, notes


def _most(records: list[Record], what: str) -> tuple[list[Record], list[str]]:
    left_out = len(records) - _MOST_BARS
    notes = (
        [f"The picture shows {_MOST_BARS} {what}; {left_out} more are in the table."] if left_out > 0 else []
    )
    return records[:_MOST_BARS], notes


def _short(identifier: str, lettering: Lettering) -> str:
    """The end of a long id: the beginnings of ids that were made together are alike."""
    return f"…{identifier[-8:]}" if len(identifier) >= 32 else lettering(identifier)


def _minutes(minutes: float) -> str:
    if minutes < 90:
        return f"{minutes:g} min"
    return f"{minutes / 60:.1f} h" if minutes < 48 * 60 else f"{minutes / 1440:.1f} d"


def _thousands() -> FuncFormatter:
    return FuncFormatter(lambda value, _: f"{value:,.0f}")
