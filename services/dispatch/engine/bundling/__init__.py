"""One shop at a time: couriers who take bundles of orders of one shop, hand them over, and ride on.

For zones where goods of different shops may not share a bag. The policy plans again every minute, promises
nothing before a courier stands in the shop and takes the goods, sends couriers off just in time, and has
those who have nothing to do wait where they are likely to be wanted.
"""
