"""Every environment variable that only the storefront reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from environs import Env, validate

from shared.kernel.clock import Clock


@dataclass(frozen=True, kw_only=True)
class Settings:
    expiry_grace_seconds: float

    def expiry_grace(self, clock: Clock) -> timedelta:
        """The grace in business time: messages take wall time, however fast the clock runs."""
        return timedelta(seconds=self.expiry_grace_seconds / clock.wall_seconds(timedelta(seconds=1)))


def read_settings() -> Settings:
    """Read and check them; what is wrong is said in one message (:class:`environs.EnvValidationError`)."""
    env = Env(eager=False)
    with env.prefixed("LINLI_STOREFRONT_"):
        settings = Settings(
            expiry_grace_seconds=env.float(
                "EXPIRY_GRACE_SECONDS", 10.0, validate=validate.Range(min=0, max=3_600)
            )
        )
    env.seal()
    return settings
