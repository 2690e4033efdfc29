"""Says what became of the day: tables for the terminal, and the same as Markdown or JSON for a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from linli.day.figures import Figures, groups_of
from linli.day.invariants import Finding

Row = tuple[str, str]
MOST_CALLS = 20


def rows_of(figures: Figures) -> list[Row]:
    f = figures
    money = f"{{:,.2f}} {f.currency}"
    return [
        ("orders", str(f.orders)),
        ("multi-shop orders", f"{f.multi_shop_orders} ({f.shop_visits} store orders in all)"),
        ("delivered", f"{f.delivered} ({f.delivered_share:.1%})"),
        ("refunded in part / in full", f"{f.refunded_in_part} / {f.refunded_in_full}"),
        ("cancelled", str(f.cancelled)),
        ("never placed / not finished", f"{f.not_placed} / {f.unfinished}"),
        ("click-to-door mean", f"{f.click_to_door_mean:.1f} min"),
        ("click-to-door p90", f"{f.click_to_door_p90:.1f} min"),
        ("click-to-door mean, multi-shop", f"{f.multi_shop_click_to_door_mean:.1f} min"),
        (f"late (over {f.target_minutes:g} min)", f"{f.late} ({f.late / max(1, f.delivered):.1%})"),
        ("distance", f"{f.kilometres:.1f} km ({f.kilometres / max(1, f.delivered):.2f} km an order)"),
        ("courier hours", f"{f.courier_hours:.1f} h ({f.orders_per_courier_hour:.2f} orders an hour)"),
        ("gross sales", money.format(f.gross_sales / 100)),
        ("refunds", money.format(f.refunds / 100)),
        ("requests", f"{f.requests:,} ({sum(f.retries.values())} tried again)"),
        ("wall time", f"{f.import_wall_seconds:.1f} s import, {f.day_wall_seconds:.1f} s day"),
        ("clock", f"{f.speed:g} times the wall"),
    ]


def show(console: Console, figures: Figures, findings: Sequence[Finding]) -> None:
    """Print the whole report."""
    table = Table(title=f"Day {figures.day}", show_header=False, title_justify="left")
    for name, value in rows_of(figures):
        table.add_row(name, value)
    console.print(table)
    ledger = Table("account", "accounts", "balance", title="Ledger", title_justify="left")
    for group, count, balance in groups_of(figures.accounts):
        ledger.add_row(group, str(count) if count > 1 else "", f"{balance / 100:,.2f}")
    ledger.columns[1].justify = ledger.columns[2].justify = "right"
    console.print(ledger)
    calls = Table("call", "count", "p50", "p99", "slowest", title="Calls", title_justify="left")
    for row in figures.calls[:MOST_CALLS]:
        times = (f"{row[name]:.0f} ms" for name in ("p50_ms", "p99_ms", "slowest_ms"))
        calls.add_row(row["call"], str(row["count"]), *times)
    for column in calls.columns[1:]:
        column.justify = "right"
    console.print(calls)
    for title, counts in (("Met on the way", figures.surprises), ("Tried again", figures.retries)):
        if counts:
            console.print(f"[bold]{title}[/]: " + ", ".join(f"{k} ×{n}" for k, n in sorted(counts.items())))
    checks = Table("invariant", "holds", "evidence", title="Invariants", title_justify="left")
    for finding in findings:
        mark = "[green]true[/]" if finding.holds else "[red]false[/]"
        checks.add_row(finding.name, mark, finding.evidence)
    console.print(checks)


def write(path: Path, figures: Figures, findings: Sequence[Finding]) -> None:
    """The report as a file: JSON where its name ends so, Markdown otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".json":
        content = {"figures": figures.to_wire(), "invariants": [asdict(finding) for finding in findings]}
        path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        return
    lines = [f"# Day {figures.day}", "", "| figure | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in rows_of(figures)]
    lines += ["", "## Ledger", "", f"| account | balance ({figures.currency}) |", "|---|--:|"]
    lines += [f"| `{row['account']}` | {row['balance'] / 100:,.2f} |" for row in figures.accounts]
    lines += ["", "## Invariants", "", "| invariant | holds | evidence |", "|---|---|---|"]
    lines += [f"| {x.name} | {'true' if x.holds else 'FALSE'} | {x.evidence} |" for x in findings]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
