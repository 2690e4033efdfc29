"""What is asked of shopping lists."""

from __future__ import annotations

from dataclasses import dataclass

from services.ordering.domain.commands import Actor
from services.ordering.domain.shopping_list import ListLine, Recurrence


@dataclass(frozen=True, kw_only=True)
class CreateList:
    actor: Actor
    list_id: str
    name: str
    lines: tuple[ListLine, ...]
    recurrence: Recurrence | None


@dataclass(frozen=True, kw_only=True)
class ChangeList(CreateList):
    """The whole content anew."""
