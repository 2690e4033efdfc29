"""What the embedded platform costs when nobody asks it anything: memory and processor time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.platforms import Where, platform, run
from linli.stack import children
from linli.stack.platform import state_folder


def family(folder: Path) -> list[psutil.Process]:
    """Every process of the platform that lives in `folder`: those it has marked, and their children."""
    found: dict[int, psutil.Process] = {}
    for mark in folder.glob("*.pid"):
        process = children.marked(mark)
        if process is not None:
            for member in (process, *process.children(recursive=True)):
                found[member.pid] = member
    return list(found.values())


def processor_seconds(members: list[psutil.Process]) -> dict[int, float]:
    return {x.pid: sum(x.cpu_times()[:2]) for x in members if x.is_running()}


def main(
    stack: Annotated[str, typer.Option(help="embedded or full: started for this measurement")] = "embedded",
    settle: Annotated[float, typer.Option(help="seconds to wait before looking")] = 10.0,
    seconds: Annotated[float, typer.Option(help="how long to look")] = 30.0,
) -> None:
    with platform(Where(stack=stack)):
        time.sleep(settle)
        members = family(state_folder(f"measure-{stack}"))
        before = processor_seconds(members)
        time.sleep(seconds)
        after = processor_seconds(members)
        table = Table("process", "memory", "processor", title=f"The {stack} platform at rest")
        memory, processor = 0.0, 0.0
        for member in sorted(members, key=lambda x: x.pid):
            if member.pid not in after:
                continue
            # Shared pages are counted once among those who share them.
            size = member.memory_full_info().pss / 2**20
            share = (after[member.pid] - before[member.pid]) / seconds
            memory, processor = memory + size, processor + share
            if size >= 4 or share >= 0.001:
                table.add_row(" ".join(member.cmdline())[:60], f"{size:.0f} MiB", f"{share:.1%}")
        table.add_row("[bold]all[/]", f"[bold]{memory:.0f} MiB[/]", f"[bold]{processor:.1%} of a core[/]")
    Console().print(table)


if __name__ == "__main__":
    run(main)
