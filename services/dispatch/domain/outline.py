"""A zone's outline: a ring of places, drawn by people and so looked at closely before it is taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from services.dispatch.domain.places import Area, Position

LEAST_POINTS, MOST_POINTS = 4, 500

_Point = tuple[float, float]
_Edge = tuple[_Point, _Point]


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Corners as (longitude, latitude) in degrees, the first of them not repeated.

    It is plane geometry in degrees, good for a city and useless across the 180th meridian.
    """

    corners: tuple[_Point, ...]

    @classmethod
    def drawn(cls, ring: Sequence[Sequence[float]]) -> Outline:
        """The outline of a GeoJSON linear ring; raises :class:`ValueError` saying what is wrong with it."""
        if not LEAST_POINTS <= len(ring) <= MOST_POINTS:
            raise ValueError(f"An outline has {LEAST_POINTS} to {MOST_POINTS} points; this has {len(ring)}.")
        points = [_point(pair) for pair in ring]
        if points[0] != points[-1]:
            raise ValueError("An outline is closed: its last point is its first one again.")
        for number, (one, next_one) in enumerate(pairwise(points), start=2):
            if one == next_one:
                raise ValueError(f"Point {number} of the outline is the one in front of it again.")
        outline = cls(corners=tuple(points[:-1]))
        crossing = outline._crossing()
        if crossing is not None:
            first, second = crossing
            raise ValueError(f"The outline meets itself: its edges {first} and {second} touch or cross.")
        return outline

    @property
    def box(self) -> Area:
        """The smallest rectangle around it."""
        lons, lats = zip(*self.corners, strict=True)
        return Area(south=min(lats), west=min(lons), north=max(lats), east=max(lons))

    @property
    def size(self) -> float:
        """In square degrees; only good for comparing."""
        return abs(sum(ax * by - bx * ay for (ax, ay), (bx, by) in self._edges())) / 2

    def contains(self, position: Position) -> bool:
        """Whether a ray to the east leaves it an odd number of times.

        Of two outlines that share an edge, exactly one contains a place on it. As with rectangles, southern
        and western edges belong to the inside.
        """
        x, y = position.lon, position.lat
        inside = False
        for a, b in self._edges():
            if (a[1] > y) != (b[1] > y):
                # From the lower end, so that both neighbours compute the same crossing.
                (low_x, low_y), (high_x, high_y) = (a, b) if a[1] < b[1] else (b, a)
                if x < low_x + (high_x - low_x) * ((y - low_y) / (high_y - low_y)):
                    inside = not inside
        return inside

    def to_wire(self) -> dict[str, object]:
        """A GeoJSON polygon."""
        ring = [list(corner) for corner in (*self.corners, self.corners[0])]
        return {"type": "Polygon", "coordinates": [ring]}

    def _edges(self) -> Iterator[_Edge]:
        return pairwise((*self.corners, self.corners[0]))

    def _crossing(self) -> tuple[int, int] | None:
        """The numbers, from one, of two edges that meet where they should not."""
        edges = list(self._edges())
        last = len(edges) - 1
        for i, one in enumerate(edges):
            following = (i + 1) % len(edges)
            if _folds_back(one, edges[following]):
                return i + 1, following + 1
            for j in range(i + 2, len(edges)):
                if (i, j) != (0, last) and _meet(one, edges[j]):
                    return i + 1, j + 1
        return None


def _point(pair: Sequence[float]) -> _Point:
    if len(pair) != 2:
        raise ValueError("Each point of an outline is a longitude and a latitude.")
    lon, lat = pair
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise ValueError(f"[{lon}, {lat}] is not on the globe; the longitude comes first.")
    return float(lon), float(lat)


def _turn(a: _Point, b: _Point, c: _Point) -> float:
    """Above zero when the way from ``a`` over ``b`` to ``c`` turns left, zero when it goes straight."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _folds_back(one: _Edge, following: _Edge) -> bool:
    (a, b), (_, c) = one, following
    back = (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0
    return back and _turn(a, b, c) == 0


def _meet(one: _Edge, other: _Edge) -> bool:
    (a, b), (c, d) = one, other
    if not _boxes_meet(one, other):
        return False
    around = _turn(a, b, c), _turn(a, b, d)
    across = _turn(c, d, a), _turn(c, d, b)
    # An end that lies on the other edge's line lies on the edge, or the boxes or the other pair part them.
    return min(around) <= 0 <= max(around) and min(across) <= 0 <= max(across)


def _boxes_meet(one: _Edge, other: _Edge) -> bool:
    return all(
        max(min(one[0][axis], one[1][axis]), min(other[0][axis], other[1][axis]))
        <= min(max(one[0][axis], one[1][axis]), max(other[0][axis], other[1][axis]))
        for axis in (0, 1)
    )
