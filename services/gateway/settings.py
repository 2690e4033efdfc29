"""Every environment variable that the gateway reads, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import Env, validate


@dataclass(frozen=True, kw_only=True)
class Settings:
    address: str
    token_key_file: Path | None
    rate_limit_storage: str
    requests_per_minute_and_account: int
    requests_per_minute_and_address: int
    sign_ins_per_minute_and_address: int
    failed_sign_ins_per_minute: int
    password_threads: int
    trusted_proxies: int
    calls_in_flight: int
    event_archive: bool


def read_settings() -> Settings:
    """Read and check them all; what is wrong is said in one message (``EnvValidationError``)."""
    env = Env(eager=False)
    positive = validate.Range(min=1)
    with env.prefixed("LINLI_"):
        address = env.str("HTTP_ADDRESS", "127.0.0.1:8000", validate=validate.Regexp(r"^[^:]+:\d{1,5}$"))
        token_key_file = env.path("TOKEN_KEY_FILE", None)
        with env.prefixed("GATEWAY_"):
            settings = Settings(
                address=address,
                token_key_file=token_key_file,
                rate_limit_storage=env.str("RATE_LIMIT_STORAGE", "local://"),
                requests_per_minute_and_account=env.int("REQUESTS_PER_ACCOUNT", 30_000, validate=positive),
                requests_per_minute_and_address=env.int("REQUESTS_PER_ADDRESS", 60_000, validate=positive),
                sign_ins_per_minute_and_address=env.int("SIGN_INS_PER_ADDRESS", 1200, validate=positive),
                failed_sign_ins_per_minute=env.int("FAILED_SIGN_INS", 10, validate=positive),
                password_threads=env.int("PASSWORD_THREADS", 2, validate=positive),
                trusted_proxies=env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0, max=10)),
                calls_in_flight=env.int("CALLS_IN_FLIGHT", 200, validate=positive),
                event_archive=env.bool("EVENT_ARCHIVE", False),
            )
    env.seal()
    return settings
