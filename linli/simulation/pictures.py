"""What-ifs as pictures: two days beside each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path
from statistics import fmean

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MultipleLocator

from linli.day.figures import percentile
from linli.failures import Failure
from linli.simulation.case import Case
from linli.simulation.figures import by_hour, click_to_door, use_of_couriers
from linli.simulation.record import Record

# Okabe and Ito's colours, which the colour-blind tell apart.
_NOW, _WHAT_IF, _LATE, _LOST = "#0072B2", "#E69F00", "#D55E00", "#000000"
_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "font.size": 10,
    "legend.frameon": False,
}


@dataclass(frozen=True, kw_only=True)
class Played:
    """A day that was played, with its name in legends."""

    name: str
    case: Case
    record: Record


def draw(days: Sequence[Played], folder: Path) -> list[Path]:
    """Draw the days into PNG files in ``folder``; answers which."""
    painters: dict[str, Callable[[Figure, Sequence[Played]], None]] = {
        "click_to_door": _click_to_door,
        "courier_use": _courier_use,
        "late_drops": _late_drops,
    }
    files = []
    with mpl.rc_context(_STYLE):
        for name, paint in painters.items():
            figure = Figure(figsize=(10, 5), dpi=110, layout="constrained")
            FigureCanvasAgg(figure)
            paint(figure, days)
            file = folder / f"{name}.png"
            try:
                folder.mkdir(parents=True, exist_ok=True)
                figure.savefig(file)
            except OSError as error:
                raise Failure(f"{file} cannot be written: {error.strerror}.") from error
            files.append(file)
    return files


def _click_to_door(figure: Figure, days: Sequence[Played]) -> None:
    axes = figure.add_subplot()
    for day, colour in zip(days, (_NOW, _WHAT_IF), strict=False):
        hours = by_hour(day.case, day.record)
        middle = [60 * hour + 30 for hour in hours]
        axes.plot(
            middle, [fmean(m) for m in hours.values()], color=colour, marker="o", label=f"{day.name}, mean"
        )
        axes.plot(
            middle,
            [percentile(m, 0.9) for m in hours.values()],
            color=colour,
            linestyle="--",
            label=f"{day.name}, 9 of 10",
        )
    target = days[0].case.target
    axes.axhline(target, color="grey", linewidth=0.8)
    axes.annotate(
        f"target {target:g} min", (1.0, target), xycoords=("axes fraction", "data"), ha="right", va="bottom"
    )
    axes.set(title="From click to door, by the hour of the click", ylabel="minutes")
    axes.set_ylim(bottom=0)
    _over_the_day(axes)
    figure.legend(loc="outside lower center", ncols=4)


def _courier_use(figure: Figure, days: Sequence[Played]) -> None:
    columns = figure.subplots(1, len(days), sharey=True, squeeze=False)[0]
    for day, axes in zip(days, columns, strict=True):
        rows = use_of_couriers(day.case, day.record)
        minutes = [minute for minute, _, _ in rows]
        axes.fill_between(
            minutes, [busy for _, _, busy in rows], step="post", color=_NOW, alpha=0.8, label="busy"
        )
        axes.step(minutes, [on for _, on, _ in rows], where="post", color=_LOST, label="on shift")
        axes.set(title=f"Couriers, {day.name}")
        _over_the_day(axes)
    columns[0].set_ylabel("couriers")
    columns[0].legend(loc="upper left")


def _late_drops(figure: Figure, days: Sequence[Played]) -> None:
    columns = figure.subplots(1, len(days), sharex=True, sharey=True, squeeze=False)[0]
    for day, axes in zip(days, columns, strict=True):
        minutes = click_to_door(day.case, day.record)
        late = {name for name, value in minutes.items() if value > day.case.target}
        groups = (
            (
                "in time",
                [b for b in day.case.baskets if b.basket_id in minutes and b.basket_id not in late],
                ".",
            ),
            ("late", [b for b in day.case.baskets if b.basket_id in late], "o"),
            ("not delivered", [b for b in day.case.baskets if b.basket_id not in minutes], "x"),
        )
        for (label, baskets, marker), colour in zip(groups, ("#BBBBBB", _LATE, _LOST), strict=True):
            axes.scatter(
                [basket.door.lon for basket in baskets],
                [basket.door.lat for basket in baskets],
                s=18,
                c=colour,
                marker=marker,
                label=f"{label} ({len(baskets)})",
            )
        shops = {parcel.place for basket in day.case.baskets for parcel in basket.parcels}
        axes.scatter(
            [shop.lon for shop in shops],
            [shop.lat for shop in shops],
            s=14,
            c=_NOW,
            marker="s",
            label="shops",
        )
        axes.set(title=f"Doors, {day.name}", xlabel="longitude")
        axes.set_aspect(1 / cos(radians(fmean(basket.door.lat for basket in day.case.baskets))))
        axes.ticklabel_format(useOffset=False)
        axes.tick_params(axis="x", rotation=30)
        axes.legend(loc="upper left", fontsize=8)
    columns[0].set_ylabel("latitude")


def _over_the_day(axes: Axes) -> None:
    axes.set_xlim(left=0)
    axes.xaxis.set_major_locator(MultipleLocator(120))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda minute, _: f"{minute / 60:.0f} h"))
    axes.set_xlabel("time since the day's beginning")
    axes.grid(axis="y", alpha=0.3)
