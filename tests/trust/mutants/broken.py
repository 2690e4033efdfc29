"""What a check of a part says when the part is broken."""

from __future__ import annotations


class Broken(Exception):
    """What must hold does not."""
