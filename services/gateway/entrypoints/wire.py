"""HTTP as the gateway speaks it: reading a request, writing an answer or a problem document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import orjson

from services.gateway.domain.errors import MalformedRequest, TooLarge, UnsupportedMediaType
from shared.kernel.errors import Refusal, RemoteRefusal

BODY_LIMIT = 1024 * 1024
JSON = "application/json"
PROBLEM = "application/problem+json"

_STATUS_OF_KIND = {
    "invalid": 422,
    "malformed": 400,
    "unauthenticated": 401,
    "forbidden": 403,
    "not_found": 404,
    "method": 405,
    "conflict": 409,
    "outdated": 412,
    "too_large": 413,
    "media_type": 415,
    "refused": 422,
    "too_many": 429,
    "unavailable": 503,
    "internal": 500,
}
# What may well succeed when the same request comes again.
_PASSING = {"unavailable", "internal", "too_many"}
# A UUID, with or without dashes: the id goes into logs and events, where a phone number must not.
_CORRELATION_ID = re.compile(r"[0-9A-Fa-f]{8}(-?)(?:[0-9A-Fa-f]{4}\1){3}[0-9A-Fa-f]{12}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REASONS = {int(status): f"{int(status)} {status.phrase}" for status in HTTPStatus}

Environ = Mapping[str, Any]


@dataclass(slots=True)
class Answer:
    """What goes back: a status, a body that is already bytes, and headers."""

    status: int
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status_line(self) -> str:
        return _REASONS.get(self.status, f"{self.status} Unknown")


def problem(refusal: Refusal, correlation_id: str) -> Answer:
    """The refusal as a problem document (RFC 9457)."""
    status = _STATUS_OF_KIND.get(refusal.kind, 500)
    extra = dict(refusal.extra)
    headers = {}
    retry_after = extra.pop("retry_after", 1 if status == 503 else None)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "allow" in extra:
        headers["Allow"] = extra.pop("allow")
    document: dict[str, Any] = {
        "type": f"urn:linli:problem:{refusal.code}",
        "title": _title(refusal),
        "status": status,
        "detail": refusal.detail,
        "instance": correlation_id,
        "code": refusal.code,
    }
    if refusal.errors:
        document["errors"] = refusal.errors
    if extra:
        document["extra"] = extra
    return Answer(status, orjson.dumps(document), PROBLEM, headers)


def is_final(refusal: Refusal) -> bool:
    """Whether the same request would be refused the same way if it came again."""
    return refusal.kind not in _PASSING


def _title(refusal: Refusal) -> str:
    if isinstance(refusal, RemoteRefusal):
        return refusal.code.replace("-", " ").capitalize()
    return refusal.title


def read_body(environ: Environ) -> bytes:
    """The whole body; raises :class:`TooLarge` before reading more than the limit."""
    length = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    if length:
        if not length.isascii() or not length.isdigit():
            raise MalformedRequest("Content-Length is not a number.")
        if int(length) > BODY_LIMIT:
            raise _too_large()
        body: bytes = stream.read(int(length)) if int(length) else b""
        if len(body) < int(length):
            raise MalformedRequest("The body ended before its Content-Length.")
        return body
    if "chunked" not in environ.get("HTTP_TRANSFER_ENCODING", "").lower():
        return b""
    pieces, size = [], 0
    while piece := stream.read(65_536):
        size += len(piece)
        if size > BODY_LIMIT:
            raise _too_large()
        pieces.append(piece)
    return b"".join(pieces)


def read_json(environ: Environ) -> dict[str, Any]:
    """The body as a JSON object; an empty body is an empty object."""
    body = read_body(environ)
    if not body:
        return {}
    content_type = environ.get("CONTENT_TYPE") or JSON
    if content_type.split(";", 1)[0].strip().lower() not in (JSON, ""):
        raise UnsupportedMediaType(f"Send {JSON}, not {content_type[:100]}.")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(data, dict):
        raise MalformedRequest("The body is not a JSON object.")
    return data


def read_query(environ: Environ, several: frozenset[str]) -> dict[str, Any]:
    """The parameters of the address; only those in ``several`` may come more than once."""
    text = environ.get("QUERY_STRING") or ""
    if not text:
        return {}
    try:
        # WSGI hands bytes on as Latin-1; what a terminal sends without encoding it is UTF-8 (RFC 3986 §2.5).
        text = text.encode("latin-1").decode()
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, max_num_fields=200, errors="strict"
        )
    except ValueError as error:
        raise MalformedRequest("The query of the address cannot be read.") from error
    query: dict[str, Any] = {}
    for name, value in pairs:
        if name in several:
            query.setdefault(name, []).append(value)
        elif name in query:
            message = "May be given once."
            raise MalformedRequest(
                f"The parameter {name[:60]!r} is given twice.",
                errors=[{"field": name[:60], "message": message}],
            )
        else:
            query[name] = value
    return query


def address_of_client(environ: Environ, trusted_proxies: int) -> str:
    """Who asks, seen past as many proxies as are our own."""
    if trusted_proxies:
        hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
        if len(hops) >= trusted_proxies:
            return hops[-trusted_proxies][:64]
    return str(environ.get("REMOTE_ADDR") or "unknown")


def correlation_id(environ: Environ) -> str | None:
    """The caller's own id for the request, if it is a UUID."""
    given = environ.get("HTTP_X_CORRELATION_ID") or ""
    return given if _CORRELATION_ID.fullmatch(given) else None


def traceparent(environ: Environ) -> str | None:
    given = environ.get("HTTP_TRACEPARENT") or ""
    return given if _TRACEPARENT.fullmatch(given) else None


def _too_large() -> TooLarge:
    return TooLarge(f"A body may have {BODY_LIMIT} bytes.", limit=BODY_LIMIT)
