"""What WeChat Pay gave a merchant: read from the environment and from files, checked when ordering starts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from environs import Env, ValidationError, validate

_API_V3_KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class WeChatSettings:
    """A merchant who is connected directly.

    WeChat Pay's side is known by its public key, or, for older merchants, by the platform certificates that
    the library keeps in ``certificates_dir``.
    """

    merchant_id: str
    app_id: str
    certificate_serial: str
    notify_url: str
    private_key: str = field(repr=False)
    api_v3_key: str = field(repr=False)
    public_key: str | None = None
    public_key_id: str | None = None
    certificates_dir: str | None = None
    gateway: str | None = None


def wechat_from_environment() -> WeChatSettings:
    """Read and check them; what is wrong is said in one message (:class:`environs.EnvValidationError`)."""
    env = Env(eager=False)
    is_url = validate.URL(schemes={"http", "https"}, require_tld=False)
    with env.prefixed("LINLI_WECHAT_"):
        merchant_id = env.str("MERCHANT_ID", validate=validate.Regexp(r"\d{8,10}\Z"))
        app_id = env.str("APP_ID", validate=validate.Regexp(r"wx[0-9a-zA-Z]{8,30}\Z"))
        serial = env.str("CERTIFICATE_SERIAL", validate=validate.Regexp(r"[0-9A-Fa-f]{8,40}\Z"))
        notify_url = env.str("NOTIFY_URL", validate=is_url)
        private_key = env.str("PRIVATE_KEY_FILE", validate=_holds("PRIVATE KEY"))
        api_v3_key = env.str("API_V3_KEY_FILE", validate=_holds_api_key)
        public_key = env.str("PUBLIC_KEY_FILE", None, validate=_holds("PUBLIC KEY"))
        public_key_id = env.str("PUBLIC_KEY_ID", None, validate=validate.Regexp(r"PUB_KEY_ID_\w+\Z"))
        certificates_dir = env.str("CERTIFICATES_DIR", None)
        gateway = env.str("GATEWAY", None, validate=is_url)
    env.seal()
    if (public_key is None) != (public_key_id is None):
        raise ValueError("LINLI_WECHAT_PUBLIC_KEY_FILE and LINLI_WECHAT_PUBLIC_KEY_ID are given together.")
    if public_key is None and certificates_dir is None:
        raise ValueError("Give LINLI_WECHAT_PUBLIC_KEY_FILE and …_ID, or LINLI_WECHAT_CERTIFICATES_DIR.")
    return WeChatSettings(
        merchant_id=merchant_id,
        app_id=app_id,
        certificate_serial=serial,
        notify_url=notify_url,
        private_key=_text(private_key),
        api_v3_key=_text(api_v3_key),
        public_key=None if public_key is None else _text(public_key),
        public_key_id=public_key_id,
        certificates_dir=certificates_dir,
        gateway=gateway,
    )


class _holds:
    """Checks that a path leads to a PEM file with such a part."""

    def __init__(self, part: str) -> None:
        self._part = part

    def __call__(self, path: str | None) -> None:
        if path is not None and f"-----BEGIN {self._part}-----" not in _readable(path):
            raise ValidationError(f"Expected the path of a PEM file with a {self._part} in it.")


def _holds_api_key(path: str) -> None:
    if len(_readable(path).encode()) != _API_V3_KEY_BYTES:
        raise ValidationError(f"Expected the path of a file with a key of {_API_V3_KEY_BYTES} characters.")


def _readable(path: str) -> str:
    try:
        return _text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"{path} cannot be read.") from error


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8").strip()
