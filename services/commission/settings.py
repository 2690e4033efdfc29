"""Every environment variable that only commission reads, read once and checked together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from environs import Env, validate

from services.commission.application.settling_ports import Rules
from services.commission.domain.payee import Cycle, Maturity
from services.commission.domain.payout import PayoutTerms
from shared.kernel.clock import Clock

# Longer than a transaction may take: what is dated now may be seen by others so much later.
_STRAGGLERS_WALL_SECONDS = 120.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Spans are business time; amounts are minor units."""

    rules: Rules
    payouts: PayoutTerms


def settings_from_environment(clock: Clock) -> Settings:
    """Read and check them; what is wrong is said in one message (:class:`environs.EnvValidationError`)."""
    env = Env(eager=False)
    not_negative, positive = validate.Range(min=0), validate.Range(min=1)
    with env.prefixed("LINLI_COMMISSION_"):
        cycle = env.str("SETTLEMENT_CYCLE", "daily", validate=validate.OneOf([each.value for each in Cycle]))
        maturity = env.str(
            "SHOP_MATURITY", "after_sale", validate=validate.OneOf([each.value for each in Maturity])
        )
        grace = env.int("SETTLEMENT_GRACE_SECONDS", 600, validate=not_negative)
        minimum = env.int("PAYOUT_MINIMUM", 100, validate=positive)
        fee = env.int("PAYOUT_FEE", 0, validate=not_negative)
        tries = env.int("PAYOUT_TRIES", 3, validate=positive)
        pause = env.int("PAYOUT_PAUSE_SECONDS", 600, validate=positive)
    env.seal()
    speed = 1 / clock.wall_seconds(timedelta(seconds=1))
    return Settings(
        rules=Rules(
            cycle=Cycle(cycle),
            maturity=Maturity(maturity),
            grace=timedelta(seconds=grace),
            stragglers=timedelta(seconds=_STRAGGLERS_WALL_SECONDS * speed),
        ),
        payouts=PayoutTerms(minimum=minimum, fee=fee, tries=tries, pause=timedelta(seconds=pause)),
    )
