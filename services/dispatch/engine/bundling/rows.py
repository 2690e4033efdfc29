"""What the bundling kernel works on, in flat rows of numbers, for either machine."""

from __future__ import annotations

from typing import NamedTuple

from services.dispatch.engine.problem import Floats, Ints

MOST_BUNDLES = 6
MOST_REMOVED = 8


class Town(NamedTuple):
    """Shops, couriers, orders and the plan for them, by number. Metres and minutes.

    The goods of a bundle are handed over in the middle of a stop of twice ``pickup_half``, an order in the
    middle of one of twice ``drop_half``. A courier's plan is ``bundles[courier]`` bundles, each of a shop,
    with up to ``most_together`` orders in the order of their doors; one more row is there to try things.
    """

    shops: int
    couriers: int
    most_together: int
    pace: float
    pickup_half: float
    drop_half: float
    riding: float
    engaged: float
    unserved: float
    # By shop.
    shop_x: Floats
    shop_y: Floats
    # By courier; ``at_shop`` is the shop that one stands in, or -1.
    x: Floats
    y: Floats
    free_at: Floats
    off: Floats
    at_shop: Ints
    # By order; ``ready`` is when its goods are expected.
    door_x: Floats
    door_y: Floats
    placed: Floats
    ready: Floats
    shop_of: Ints
    courier_of: Ints
    # By row of the plan; ``first`` is when the first bundle is taken.
    bundles: Ints
    cost: Floats
    first: Floats
    shop: Ints
    size: Ints
    orders: Ints
    # Who and what is looked at now, and what an improvement needs to be taken back.
    active: Ints
    pool: Ints
    removed: Ints
    is_removed: Ints
    ways: Floats
    spot: Ints
    touched: Ints
    kept_bundles: Ints
    kept_cost: Floats
    kept_shop: Ints
    kept_size: Ints
    kept_orders: Ints
    chance: Ints
    # The minute that is planned for; and how good the place is that was looked for last.
    clock: Floats
    gain: Floats
