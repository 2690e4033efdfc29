"""Makes a small day with invented shops, goods and people, in the format that the reader expects.

`python -m linli.day.made_up FOLDER` writes it; the same seed always writes the same files.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import dataclass
from math import cos, pi, sin
from pathlib import Path

from linli.day.format import METRES_PER_DEGREE, Position

CENTRE = Position(lat=31.2304, lon=121.4402)
METRES_PER_MINUTE = 300

# What each kind of shop sells: (name, price in minor units).
GOODS: dict[str, list[tuple[str, int]]] = {
    "vegetables": [("上海青 400g", 480), ("莲藕 500g", 1290), ("山药 600g", 1680), ("香菜 100g", 350)],
    "fruit": [("阳光玫瑰 500g", 2980), ("蜜桔 1kg", 1580), ("猕猴桃 6只", 2190), ("香蕉 800g", 1090)],
    "bakery": [("葱油司康 2个", 1600), ("核桃吐司", 2450), ("蛋挞 4只", 1990), ("老面馒头 6只", 900)],
    "snacks": [("海苔脆片", 1250), ("话梅糖 200g", 980), ("手剥瓜子 250g", 1470), ("米花酥", 1120)],
    "pharmacy": [("创口贴 20片", 1350), ("生理盐水 10支", 1180), ("退热贴 4片", 2260), ("润喉糖", 1590)],
    "flowers": [("洋桔梗 一束", 3900), ("绿萝 小盆", 2500), ("雏菊 一束", 2900), ("多肉 三盆", 2200)],
    "household": [("厨房纸 2卷", 1380), ("洗洁精 1L", 1690), ("垃圾袋 60只", 1150), ("保鲜盒 3只", 2750)],
    "deli": [("卤牛肉 200g", 3680), ("凉拌海带 300g", 1280), ("白切鸡 半只", 4290), ("酱豆干 200g", 1060)],
}


@dataclass(frozen=True, kw_only=True)
class Size:
    orders: int = 25
    couriers: int = 6
    minutes: int = 150
    radius_m: int = 1_500


def made_up_day(seed: int, size: Size) -> dict[str, list[dict[str, object]]]:
    """File name to rows; every order can be delivered by the couriers who are on at that time."""
    chance = random.Random(seed)
    shops = [
        {"category": category, **_around(chance, size.radius_m), "shop": f"s{number}"}
        for number, category in enumerate(GOODS, start=1)
    ]
    listings: list[dict[str, object]] = []
    for number, goods in enumerate(GOODS.values(), start=1):
        for place, (name, price) in enumerate(goods, start=1):
            listings.append(
                {
                    "listing": f"s{number}-{place}",
                    "name": name,
                    "price": {"amount": price, "currency": "CNY"},
                    "shop": f"s{number}",
                    "stock": chance.randrange(40, 90),
                }
            )
    couriers = [
        {
            "courier": f"c{number}",
            **_around(chance, size.radius_m),
            "off_minute": size.minutes + 60 + 10 * (number % 3),
            "on_minute": 10 * (number % 3),
        }
        for number in range(1, size.couriers + 1)
    ]
    orders = [_order(chance, number, size, len(shops)) for number in range(1, size.orders + 1)]
    orders.sort(key=lambda order: (order["placed_minute"], order["order"]))
    return {
        "shops.jsonl": shops,
        "listings.jsonl": listings,
        "couriers.jsonl": couriers,
        "orders.jsonl": orders,
    }


def _order(chance: random.Random, number: int, size: Size, shop_count: int) -> dict[str, object]:
    visited = sorted(chance.sample(range(1, shop_count + 1), chance.choices((1, 2, 3), (11, 9, 5))[0]))
    lines: list[dict[str, object]] = []
    for shop in visited:
        for place in sorted(chance.sample(range(1, 5), chance.choice((1, 1, 2)))):
            lines.append({"listing": f"s{shop}-{place}", "quantity": chance.choice((1, 1, 2, 3))})
    placed = chance.randrange(5, size.minutes)
    return {
        "customer": f"p{chance.randrange(1, size.orders)}",
        **_around(chance, size.radius_m),
        "lines": lines,
        "order": f"o{number}",
        "placed_minute": placed,
        "ready_minute": {f"s{shop}": placed + chance.randrange(6, 18) for shop in visited},
    }


def _around(chance: random.Random, radius_m: int) -> dict[str, float]:
    """A point in the circle around the centre, evenly spread over its area."""
    angle, reach = chance.uniform(0, 2 * pi), radius_m * chance.random() ** 0.5
    lat = CENTRE.lat + reach * sin(angle) / METRES_PER_DEGREE
    lon = CENTRE.lon + reach * cos(angle) / (METRES_PER_DEGREE * cos(CENTRE.lat * pi / 180))
    return {"lat": round(lat, 6), "lon": round(lon, 6)}


def write_day(folder: Path, seed: int, size: Size) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rules = {
        "meters_per_minute": METRES_PER_MINUTE,
        "pickup_service_minutes": 2,
        "dropoff_service_minutes": 2,
        "target_click_to_door_minutes": 40,
        "maximum_click_to_door_minutes": 90,
    }
    (folder / "day.json").write_text(json.dumps(rules, indent=1) + "\n", encoding="utf-8")
    for file, rows in made_up_day(seed, size).items():
        lines = [json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows]
        (folder / file).write_text("".join(lines), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--orders", type=int, default=Size.orders)
    parser.add_argument("--couriers", type=int, default=Size.couriers)
    parser.add_argument("--minutes", type=int, default=Size.minutes)
    chosen = parser.parse_args()
    size = Size(orders=chosen.orders, couriers=chosen.couriers, minutes=chosen.minutes)
    write_day(chosen.folder, chosen.seed, size)


if __name__ == "__main__":
    main()
