"""Everything that the environment decides about ordering, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from environs import Env, EnvValidationError, ValidationError, validate

from services.ordering.application.ports import Rules
from services.ordering.domain.delivery_fee import DeliveryFeeRule

_POSITIVE = validate.Range(min=1)
_NOT_NEGATIVE = validate.Range(min=0)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Spans are business time; amounts are minor units of the order's currency."""

    rules: Rules
    webhook_secret: str
    webhook_url: str


def settings_from_environment() -> Settings:
    """Raises :class:`environs.EnvValidationError` that names every variable at fault."""
    env = Env(eager=False)
    with env.prefixed("LINLI_"):
        webhook_secret = env.str("PAYMENT_WEBHOOK_SECRET", validate=_is_secret)
        webhook_url = env.str(
            "PAYMENT_WEBHOOK_URL", validate=validate.URL(schemes={"http", "https"}, require_tld=False)
        )
    with env.prefixed("LINLI_ORDERING_"):
        quote_validity = env.int("QUOTE_VALIDITY_SECONDS", 600, validate=_POSITIVE)
        payment_window = env.int("PAYMENT_WINDOW_SECONDS", 900, validate=_POSITIVE)
        payment_grace = env.int("PAYMENT_GRACE_SECONDS", 600, validate=_POSITIVE)
        after_sale_window = env.int("AFTER_SALE_WINDOW_SECONDS", 48 * 3600, validate=_NOT_NEGATIVE)
        base = env.int("DELIVERY_BASE_FEE", 300, validate=_NOT_NEGATIVE)
        per_extra_pickup = env.int("DELIVERY_EXTRA_PICKUP_FEE", 150, validate=_NOT_NEGATIVE)
        included_m = env.int("DELIVERY_INCLUDED_METRES", 2000, validate=_NOT_NEGATIVE)
        per_km = env.int("DELIVERY_FEE_PER_KILOMETRE", 100, validate=_NOT_NEGATIVE)
        free_from = env.int("DELIVERY_FREE_FROM", 0, validate=_NOT_NEGATIVE)
    env.seal()
    return Settings(
        rules=Rules(
            quote_validity=timedelta(seconds=quote_validity),
            payment_window=timedelta(seconds=payment_window),
            hold_grace=timedelta(seconds=quote_validity + payment_grace),
            after_sale_window=timedelta(seconds=after_sale_window),
            delivery_fee=DeliveryFeeRule(
                base=base,
                per_extra_pickup=per_extra_pickup,
                included_m=included_m,
                per_km=per_km,
                free_from=free_from,
            ),
        ),
        webhook_secret=webhook_secret,
        webhook_url=webhook_url,
    )


def _is_secret(value: str) -> None:
    if not value.startswith("whsec_"):
        raise ValidationError("Expected whsec_ and base64.")


__all__ = ["EnvValidationError", "Settings", "settings_from_environment"]
