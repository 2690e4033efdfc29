"""A small instance of MDRP-M, made up: files as the public set has them."""

from __future__ import annotations

import json
import random
from pathlib import Path

NAME = "9o50t100s1p100"


def write_instance(folder: Path, seed: int = 3, baskets: int = 14, couriers: int = 5) -> tuple[Path, Path]:
    """The file of baskets, and the folder of instances."""
    chance = random.Random(seed)

    def somewhere() -> tuple[int, int]:
        return chance.randrange(0, 6000), chance.randrange(0, 6000)

    instance = folder / "mdrp" / NAME
    instance.mkdir(parents=True)
    shops = [somewhere() for _ in range(8)]
    rows = [f"r{number}\t{x}\t{y}" for number, (x, y) in enumerate(shops, start=1)]
    _lines(instance / "restaurants.txt", "restaurant\tx\ty", rows)
    rows = []
    for number in range(1, couriers + 1):
        x, y = somewhere()
        rows.append(f"c{number}\t{x}\t{y}\t{10 * (number % 3)}\t{200 + 20 * (number % 2)}")
    _lines(instance / "couriers.txt", "courier\tx\ty\ton_time\toff_time", rows)
    _lines(instance / "instance_parameters.txt", "meters_per_minute\t…", ["320\t4\t4\t40\t90\t10\t15"])
    file = folder / "baskets" / f"{NAME}.jsonl"
    file.parent.mkdir()
    text = ""
    for number in range(baskets):
        placed, (x, y) = chance.randrange(5, 50), somewhere()
        visited = chance.sample(range(len(shops)), chance.choice([1, 1, 2, 3]))
        pickups = [{"restaurant": shop, "ready": placed + chance.randrange(6, 25)} for shop in visited]
        text += json.dumps({"basket": number, "placed": placed, "x": x, "y": y, "pickups": pickups}) + "\n"
    file.write_text(text, encoding="utf-8")
    return file, folder / "mdrp"


def _lines(file: Path, header: str, rows: list[str]) -> None:
    file.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
