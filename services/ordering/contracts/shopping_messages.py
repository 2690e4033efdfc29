"""What ordering tells others of shopping lists: that one is due, and nothing of what is on it."""

from __future__ import annotations

from collections.abc import Mapping

from marshmallow import Schema

from services.ordering.contracts.event_schemas import _id, _time
from services.ordering.contracts.message import Message
from services.ordering.domain.shopping_list import ShoppingListDue
from shared.kernel.clock import to_wire


class ShoppingListDueSchema(Schema):
    """A recurring list reminds its customer; nothing is ordered unless they do."""

    list_id = _id()
    customer_id = _id()
    due_at = _time()


SHOPPING_SCHEMAS: Mapping[str, type[Schema]] = {"ShoppingListDue": ShoppingListDueSchema}


def to_message(event: ShoppingListDue) -> Message:
    data = {
        "list_id": event.list_id,
        "customer_id": event.customer_id,
        "due_at": to_wire(event.due_at),
    }
    return Message(type="ShoppingListDue", subject=event.list_id, partitionkey=event.customer_id, data=data)
