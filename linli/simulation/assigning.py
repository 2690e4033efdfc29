"""Rows to columns at the least total cost: the Hungarian method, with shortest augmenting paths."""

from __future__ import annotations

import math
from collections.abc import Sequence


def assign(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row; as many rows as possible have one (-1: none), each column has at most one.

    Costs are finite. Takes as long as rows * rows * columns.
    """
    if not costs or not costs[0]:
        return [-1] * len(costs)
    if len(costs) > len(costs[0]):
        rows = assign(list(zip(*costs, strict=True)))
        columns = [-1] * len(costs)
        for column, row in enumerate(rows):
            columns[row] = column
        return columns
    height, width = len(costs), len(costs[0])
    row_price, column_price = [0.0] * (height + 1), [0.0] * (width + 1)
    # Rows and columns count from 1; column 0 holds the row that looks for one.
    row_of, came_from = [0] * (width + 1), [0] * (width + 1)
    for row in range(1, height + 1):
        row_of[0], here = row, 0
        least, used = [math.inf] * (width + 1), [False] * (width + 1)
        while row_of[here]:
            used[here] = True
            own, step, following = row_of[here], math.inf, 0
            line, price = costs[own - 1], row_price[own]
            for column in range(1, width + 1):
                if used[column]:
                    continue
                reduced = line[column - 1] - price - column_price[column]
                if reduced < least[column]:
                    least[column], came_from[column] = reduced, here
                if least[column] < step:
                    step, following = least[column], column
            for column in range(width + 1):
                if used[column]:
                    row_price[row_of[column]] += step
                    column_price[column] -= step
                else:
                    least[column] -= step
            here = following
        while here:
            row_of[here] = row_of[came_from[here]]
            here = came_from[here]
    columns = [-1] * height
    for column in range(1, width + 1):
        if row_of[column]:
            columns[row_of[column] - 1] = column - 1
    return columns
