"""Every refusal of campaigns.

Refusal (shared.kernel.errors)
├── NotFound
│   ├── CampaignNotFound
│   └── ShopNotFound
├── Forbidden
│   └── OperatorOnly
├── Conflict
│   ├── CampaignExists
│   ├── CodeTaken
│   └── RedemptionDiffers
└── Refused
    ├── CampaignNotValid
    ├── CampaignsRefused     a redemption that did not get all it asked for
    └── RedemptionClosed
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, NotFound, Refused


class CampaignNotFound(NotFound):
    code, title = "campaign-not-found", "There is no such campaign here"


class ShopNotFound(NotFound):
    code, title = "shop-not-found", "There is no such shop here"


class OperatorOnly(Forbidden):
    code, title = "operator-only", "Only an operator may do this"


class CampaignExists(Conflict):
    code, title = "campaign-exists", "A different campaign has this id"


class CodeTaken(Conflict):
    code, title = "code-taken", "Another campaign uses this code"


class RedemptionDiffers(Conflict):
    code, title = "redemption-differs", "This order has redeemed something else"


class CampaignNotValid(Refused):
    code, title = "campaign-not-valid", "A campaign like this cannot be launched"


class CampaignsRefused(Refused):
    code, title = "campaigns-refused", "Not every discount is to be had any more"


class RedemptionClosed(Refused):
    code, title = "redemption-closed", "This order's discounts were released"
