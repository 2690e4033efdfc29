"""A solution as the instance set's own evaluator reads it: three tables, blank-separated, with a header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from linli.bench.mdrp.instance import Instance
from linli.bench.mdrp.playing import Assignment, Drop, Ride, Solution
from linli.failures import Failure

ASSIGNMENTS = "solution_info_assignments.txt"
ORDERS = "solution_info_orders.txt"
COURIERS = "solution_info_couriers.txt"
# The evaluator takes this for a missing number.
_MISSING = "NA"
_START = "0"


def write_solution(folder: Path, instance: Instance, solution: Solution) -> None:
    """Write the three files into ``folder``, which is made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / ASSIGNMENTS,
        "assignment_time pickup_time courier bundle",
        ([one.assigned, one.picked_up, one.courier, *one.orders] for one in solution.assignments),
    )
    orders = []
    for order in instance.orders:
        drop = solution.drops.get(order.name)
        times = [drop.picked_up, drop.dropped, drop.courier] if drop else [_MISSING] * 3
        orders.append([order.name, int(order.placed), int(order.ready), *times])
    _write(folder / ORDERS, "order placement_time ready_time pickup_time dropoff_time courier", orders)
    _write(
        folder / COURIERS,
        "courier departure_time origin destination",
        (
            [courier, ride.departs, _START if ride.origin == courier else ride.origin, ride.destination]
            for courier, rides in solution.rides.items()
            for ride in rides
        ),
    )


def read_solution(folder: Path) -> Solution:
    """The solution in ``folder``; :class:`Failure` names the file and the line that cannot be read."""
    solution = Solution()
    for file, number, cells in _lines(folder / ASSIGNMENTS, 4):
        times = _minutes(file, number, cells[:2])
        one = Assignment(assigned=times[0], picked_up=times[1], courier=cells[2], orders=tuple(cells[3:]))
        solution.assignments.append(one)
    for file, number, cells in _lines(folder / ORDERS, 6):
        if cells[3] != _MISSING:
            times = _minutes(file, number, cells[3:5])
            drop = Drop(picked_up=times[0], dropped=times[1], courier=cells[5])
            if solution.drops.setdefault(cells[0], drop) is not drop:
                raise Failure(f"{file}, line {number}: {cells[0]} is there twice.", exit_code=2)
    for file, number, cells in _lines(folder / COURIERS, 4):
        (departs,) = _minutes(file, number, cells[1:2])
        origin = cells[0] if cells[2] == _START else cells[2]
        ride = Ride(departs=departs, origin=origin, destination=cells[3])
        solution.rides.setdefault(cells[0], []).append(ride)
    return solution


def _write(file: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    file.write_text("\n".join([header, *(" ".join(map(str, row)) for row in rows), ""]))


def _lines(file: Path, least: int) -> Iterable[tuple[Path, int, list[str]]]:
    if not file.is_file():
        raise Failure(f"{file}: there is no such file.", exit_code=2)
    for number, line in enumerate(file.read_text().splitlines()[1:], start=2):
        cells = line.split()
        if cells and len(cells) < least:
            raise Failure(f"{file}, line {number}: {least} columns are needed.", exit_code=2)
        if cells:
            yield file, number, cells


def _minutes(file: Path, number: int, cells: Sequence[str]) -> list[int]:
    try:
        return [int(float(cell)) for cell in cells]
    except ValueError:
        sentence = f"{file}, line {number}: a minute is no number: {' '.join(cells)}"
        raise Failure(sentence, exit_code=2) from None
