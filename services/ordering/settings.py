"""Everything that the environment decides about ordering, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from environs import Env, ValidationError, validate

from services.ordering.application.ports import Rules
from services.ordering.contracts.plainly import METHODS
from services.ordering.domain.claims import CaseRules
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.domain.payment import CASH
from shared.kernel.clock import Clock

_POSITIVE = validate.Range(min=1)
_NOT_NEGATIVE = validate.Range(min=0)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Spans are business time; amounts are minor units of the order's currency."""

    rules: Rules
    webhook_secret: str
    webhook_url: str
    photos_kept: timedelta = timedelta(days=90)
    methods: tuple[str, ...] = ("sandbox", CASH)


def settings_from_environment(clock: Clock) -> Settings:
    """Read and check them; what is wrong is said in one message (:class:`environs.EnvValidationError`).

    When ``clock`` runs faster than the wall, no deadline is shorter than LINLI_ORDERING_PATIENCE_SECONDS of
    wall time: people and messages do not get faster with it.
    """
    env = Env(eager=False)
    with env.prefixed("LINLI_"):
        webhook_secret = env.str("PAYMENT_WEBHOOK_SECRET", validate=_is_secret)
        is_url = validate.URL(schemes={"http", "https"}, require_tld=False)
        webhook_url = env.str("PAYMENT_WEBHOOK_URL", validate=is_url)
        methods = env.list("PAYMENT_METHODS", ["sandbox", CASH], validate=_are_methods)
    with env.prefixed("LINLI_ORDERING_"):
        patience = env.int("PATIENCE_SECONDS", 15, validate=_NOT_NEGATIVE)
        quote_validity = env.int("QUOTE_VALIDITY_SECONDS", 600, validate=_POSITIVE)
        payment_window = env.int("PAYMENT_WINDOW_SECONDS", 900, validate=_POSITIVE)
        payment_grace = env.int("PAYMENT_GRACE_SECONDS", 600, validate=_POSITIVE)
        after_sale_window = env.int("AFTER_SALE_WINDOW_SECONDS", 48 * 3600, validate=_NOT_NEGATIVE)
        accept_within = env.int("ACCEPT_WITHIN_SECONDS", 1800, validate=_NOT_NEGATIVE)
        answer_within = env.int("ANSWER_WITHIN_SECONDS", 600, validate=_POSITIVE)
        answer = env.int("CASE_ANSWER_SECONDS", 24 * 3600, validate=_POSITIVE)
        appeal = env.int("CASE_APPEAL_SECONDS", 48 * 3600, validate=_POSITIVE)
        resend = env.int("CASE_RESEND_SECONDS", 72 * 3600, validate=_POSITIVE)
        confirm = env.int("CASE_CONFIRM_SECONDS", 72 * 3600, validate=_POSITIVE)
        photo_days = env.int("PHOTO_DAYS", 90, validate=_POSITIVE)
        base = env.int("DELIVERY_BASE_FEE", 300, validate=_NOT_NEGATIVE)
        per_extra_pickup = env.int("DELIVERY_EXTRA_PICKUP_FEE", 150, validate=_NOT_NEGATIVE)
        included_m = env.int("DELIVERY_INCLUDED_METRES", 2000, validate=_NOT_NEGATIVE)
        per_km = env.int("DELIVERY_FEE_PER_KILOMETRE", 100, validate=_NOT_NEGATIVE)
        free_from = env.int("DELIVERY_FREE_FROM", 0, validate=_NOT_NEGATIVE)
        cash_maximum = env.int("CASH_MAXIMUM", 20_000, validate=_POSITIVE)
    env.seal()

    def at_least_patience(seconds: int, times: int = 1) -> timedelta:
        speed = 1 / clock.wall_seconds(timedelta(seconds=1))
        return timedelta(seconds=max(seconds, times * patience * speed) if speed > 1 else seconds)

    return Settings(
        rules=Rules(
            quote_validity=at_least_patience(quote_validity),
            payment_window=at_least_patience(payment_window),
            hold_grace=at_least_patience(quote_validity) + at_least_patience(payment_grace),
            after_sale_window=timedelta(seconds=after_sale_window),
            # A shop looks up from its work less often than somebody who is about to pay.
            accept_within=at_least_patience(accept_within, times=4) if accept_within else None,
            answer_within=at_least_patience(answer_within),
            delivery_fee=DeliveryFeeRule(
                base=base,
                per_extra_pickup=per_extra_pickup,
                included_m=included_m,
                per_km=per_km,
                free_from=free_from,
            ),
            cases=CaseRules(
                shop_answers_within=at_least_patience(answer),
                appeal_within=at_least_patience(appeal),
                resend_within=at_least_patience(resend),
                confirm_within=at_least_patience(confirm),
            ),
            cash_maximum=cash_maximum,
        ),
        photos_kept=timedelta(days=photo_days),
        webhook_secret=webhook_secret,
        webhook_url=webhook_url,
        methods=tuple(dict.fromkeys(methods)),
    )


def _are_methods(methods: list[str]) -> None:
    unknown = sorted(set(methods) - set(METHODS))
    if unknown or not methods:
        raise ValidationError(f"Expected some of {', '.join(METHODS)}, with commas between them.")


def _is_secret(value: str) -> None:
    if not value.startswith("whsec_"):
        raise ValidationError("Expected whsec_ and base64.")
