"""Every refusal of the gateway itself, as one tree. What other services refuse passes through unchanged.

Refusal
├── InvalidInput     MalformedRequest, IdempotencyKeyMissing, TooLarge, UnsupportedMediaType
├── Unauthenticated  TokenInvalid, WrongCredentials, RefreshTokenInvalid, RefreshTokenReused
├── Forbidden        NotYourRole
├── NotFound         RouteNotFound, MethodNotAllowed, EventsAreStreamed
├── Conflict         AccountExists, RequestStillRunning, Outdated
├── Refused          IdempotencyKeyReused
├── TooMany          RateLimited, TooManyFailedSignIns
├── Unavailable      Busy
└── InternalError    a mistake of ours
"""

from __future__ import annotations

from shared.kernel.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    Refusal,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class MalformedRequest(InvalidInput):
    code, kind, title = "malformed-request", "malformed", "The request cannot be read"


class IdempotencyKeyMissing(MalformedRequest):
    code, title = "idempotency-key-missing", "This call needs an Idempotency-Key"


class TooLarge(InvalidInput):
    code, kind, title = "body-too-large", "too_large", "The body is too large"


class UnsupportedMediaType(InvalidInput):
    code, kind, title = "unsupported-media-type", "media_type", "Send application/json"


class TokenInvalid(Unauthenticated):
    code, title = "token-invalid", "The access token is not valid, or no longer"


class WrongCredentials(Unauthenticated):
    code, title = "wrong-credentials", "The identity or the password is wrong"


class RefreshTokenInvalid(Unauthenticated):
    code, title = "refresh-token-invalid", "The refresh token is not valid, or no longer"


class RefreshTokenReused(Unauthenticated):
    code, title = "refresh-token-reused", "The refresh token was used before; the session is closed"


class NotYourRole(Forbidden):
    code, title = "role-not-allowed", "This is not open to your role"


class RouteNotFound(NotFound):
    code, title = "route-not-found", "There is nothing at this address"


class MethodNotAllowed(NotFound):
    code, kind, title = "method-not-allowed", "method", "This address does not answer that method"


class EventsAreStreamed(NotFound):
    code, title = "events-are-streamed", "Events are read from the broker's stream here"


class AccountExists(Conflict):
    code, title = "account-exists", "There is an account with this identity"


class RequestStillRunning(Conflict):
    code, title = "request-still-running", "The same request is still being worked on"


class Outdated(Conflict):
    code, kind, title = "outdated", "outdated", "It was changed in the meantime"


class IdempotencyKeyReused(Refused):
    code, title = "idempotency-key-reused", "The Idempotency-Key was used for another request"


class RateLimited(TooMany):
    code, title = "rate-limited", "Too many requests"


class TooManyFailedSignIns(TooMany):
    code, title = "too-many-failed-sign-ins", "Too many failed attempts to sign in"


class Busy(Unavailable):
    code, title = "busy", "Too much is being asked at the moment"


class InternalError(Refusal):
    code, kind, title = "internal-error", "internal", "Something went wrong here"
