"""Requests about codes and pictures."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.dispatch.contracts.reading import Strict, an_id
from services.dispatch.contracts.requests import ActorSchema
from services.dispatch.domain.commands import KeepPhoto
from services.dispatch.domain.picture import MOST_BYTES


class KeepPhotoSchema(Strict):
    actor = fields.Nested(ActorSchema, required=True)
    stop_id = an_id()
    # One that is a little too large is refused with a sentence, by whoever reads pictures.
    content = fields.String(required=True, validate=validate.Length(max=MOST_BYTES * 4))

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> KeepPhoto:
        try:
            content = base64.b64decode(data["content"], validate=True)
        except (binascii.Error, ValueError):
            raise ValidationError("Expected base64.", "content") from None
        return KeepPhoto(actor=data["actor"], stop_id=data["stop_id"], content=content)


class OfCustomerSchema(Strict):
    actor = fields.Nested(ActorSchema, required=True)
    customer_id = an_id()


class OfDeliverySchema(Strict):
    """An order; of one that was split, ``delivery_id`` may say which trip."""

    actor = fields.Nested(ActorSchema, required=True)
    order_id = an_id()
    delivery_id = an_id(required=False, load_default=None, allow_none=True)


class OfPartSchema(Strict):
    actor = fields.Nested(ActorSchema, required=True)
    order_id = an_id()
    store_order_id = an_id()


KEEP_PHOTO, OF_CUSTOMER, OF_PART = KeepPhotoSchema(), OfCustomerSchema(), OfPartSchema()
OF_DELIVERY = OfDeliverySchema()
