"""A zone's day offline, event by event in business minutes, with the service's own planning: what is improved
there shows here, and what is found here goes there.

``case`` is the day that is given, ``playing`` lets it happen, ``seeing`` shows it, a policy (``policies``,
``matching``) decides, ``record`` is what came of it, and ``figures`` counts.
"""
