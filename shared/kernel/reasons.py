"""Reasons that may be told to everybody: codes from a list, never somebody's own words."""

from __future__ import annotations

import re
from collections.abc import Collection

OTHER = "other"

_NOT_A_CODE = re.compile(r"[^a-z0-9]+")


def reason_code(stated: str, known: Collection[str]) -> str:
    """The one of ``known`` that ``stated`` says, perhaps with more words after it; else ``OTHER``."""
    said = _NOT_A_CODE.sub("-", stated.lower()).strip("-")
    meant = [code for code in known if said == code or said.startswith(f"{code}-")]
    return max(meant, key=len, default=OTHER)
