"""Every refusal of dispatch.

Refusal
├── NotFound   ZoneNotFound · SlotNotFound · OrderNotDispatched · OfferNotFound · StopNotFound
│              RotaEntryNotFound · PlanNotRecorded · LoanNotFound · PhotoNotFound
├── Forbidden  OperatorsOnly · CouriersOnly
├── Invalid    PictureRefused · PictureTooLarge (shared.kernel.picture)
├── TooMany    TooManyCodes
├── Refused    OutOfZone · SlotFull · SlotClosed · CourierNotApproved · RotaRefused · WrongCode · ProofMissing
│              SecondTryRefused
├── Unavailable  DeliveryChanged
└── Conflict   HoldReleased · ShiftRunning · NoShift · OfferClosed (OfferExpired) · WrongState
               PickupOutstanding · ZoneExists · SlotExists · OverrideExists · GoodsOnBoard
               CourierNotAvailable · RotaOverlap · RotaEntryExists · LoanExists · MovedOn · NoSecondTry
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, NotFound, Refused, TooMany, Unavailable


class ZoneNotFound(NotFound):
    code, title = "zone-not-found", "There is no such zone"


class SlotNotFound(NotFound):
    code, title = "slot-not-found", "There is no such slot here"


class OrderNotDispatched(NotFound):
    code, title = "delivery-not-found", "There is no delivery for this order"


class OfferNotFound(NotFound):
    code, title = "offer-not-found", "There is no such offer"


class PlanNotRecorded(NotFound):
    code, title = "plan-not-recorded", "No plan for this order is on record any more"


class LoanNotFound(NotFound):
    code, title = "loan-not-found", "There is no such loan"


class StopNotFound(NotFound):
    code, title = "stop-not-found", "There is no such stop on your route"


class PhotoNotFound(NotFound):
    code, title = "photo-not-found", "There is no picture of this order, or no longer"


class WrongCode(Refused):
    code, title = "wrong-code", "This is not the code"


class TooManyCodes(TooMany):
    code, title = "too-many-codes", "Too many wrong codes; try again in a while"


class ProofMissing(Refused):
    code, title = "proof-missing", "Something has to prove this"


class OperatorsOnly(Forbidden):
    code, title = "operators-only", "Only operators may do this"


class CouriersOnly(Forbidden):
    code, title = "couriers-only", "Only couriers may do this"


class OutOfZone(Refused):
    code, title = "out-of-zone", "No zone delivers to this place"


class SlotFull(Refused):
    code, title = "slot-full", "This slot has no room left"


class SlotClosed(Refused):
    code, title = "slot-closed", "This slot takes no more orders"


class CourierNotApproved(Refused):
    code, title = "courier-not-approved", "An operator has to approve this courier first"


class HoldReleased(Conflict):
    code, title = "hold-released", "What was held for this order has been given back"


class ShiftRunning(Conflict):
    code, title = "shift-running", "Another shift is still running"


class NoShift(Conflict):
    code, title = "no-shift", "There is no shift running"


class OfferClosed(Conflict):
    code, title = "offer-closed", "This offer is no longer open"


class OfferExpired(OfferClosed):
    code, title = "offer-expired", "This offer has run out"


class WrongState(Conflict):
    code, title = "wrong-state", "The present state does not allow this"


class PickupOutstanding(Conflict):
    code, title = "pickup-outstanding", "Something of this order has not been picked up yet"


class ZoneExists(Conflict):
    code, title = "zone-exists", "This id belongs to another zone"


class SlotExists(Conflict):
    code, title = "slot-exists", "This id belongs to another slot"


class OverrideExists(Conflict):
    code, title = "override-exists", "This id belongs to another override"


class NoSecondTry(Conflict):
    code, title = "no-second-try", "This order does not wait for a second try at the door"


class SecondTryRefused(Refused):
    code, title = "second-try-refused", "It cannot be tried again in this window"


class MovedOn(Conflict):
    code, title = "moved-on", "This order was moved again in the meantime"


class DeliveryChanged(Unavailable):
    code, title = "delivery-changed", "The delivery changed at this very moment; try again"


class LoanExists(Conflict):
    code, title = "loan-exists", "This id belongs to another loan"


class GoodsOnBoard(Conflict):
    code, title = "goods-on-board", "Goods of this order are on board; only this courier can bring them"


class CourierNotAvailable(Conflict):
    code, title = "courier-not-available", "This courier cannot take this delivery now"


class RotaEntryNotFound(NotFound):
    code, title = "rota-entry-not-found", "There is no such planned shift"


class RotaRefused(Refused):
    code, title = "rota-refused", "Such a shift cannot be planned"


class RotaOverlap(Conflict):
    code, title = "rota-overlap", "The courier has another planned shift at that time"


class RotaEntryExists(Conflict):
    code, title = "rota-entry-exists", "This id belongs to another planned shift"
