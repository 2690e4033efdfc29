"""Every refusal that crosses a border, as one tree.

Refusal
├── InvalidInput        the request cannot be understood; names its fields
├── Unauthenticated     nobody knows who asks
├── Forbidden           the caller's role may not do this
├── NotFound            it does not exist, or the caller may not see it
├── Conflict            the present state does not allow it
├── Refused             understood, and refused by a rule
├── TooMany             the caller asks too often
├── Unavailable         a part of the platform is down
│   └── DeadlineExceeded
└── RemoteRefusal       what another service refused, as it said it
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class Refusal(Exception):
    """A request that is answered with "no", and why.

    ``code`` is stable and meant for programs; ``detail`` is a sentence for a person; ``errors`` names
    the fields at fault as ``{"field", "message"}``; ``extra`` carries further facts for programs.
    """

    code: str = "refused"
    kind: str = "refused"
    title: ClassVar[str] = "Refused"

    def __init__(
        self, detail: str = "", *, errors: Sequence[Mapping[str, str]] | None = None, **extra: Any
    ) -> None:
        self.detail = detail or self.title
        self.errors = [dict(error) for error in errors or ()]
        self.extra = extra
        super().__init__(self.detail)

    def to_wire(self) -> dict[str, Any]:
        """The refusal as plain data; :meth:`RemoteRefusal.from_wire` reads it back."""
        wire: dict[str, Any] = {"code": self.code, "kind": self.kind, "detail": self.detail}
        if self.errors:
            wire["errors"] = self.errors
        if self.extra:
            wire["extra"] = self.extra
        return wire


class InvalidInput(Refusal):
    code, kind, title = "invalid-input", "invalid", "The request has invalid fields"


class Unauthenticated(Refusal):
    code, kind, title = "unauthenticated", "unauthenticated", "Sign in first"


class Forbidden(Refusal):
    code, kind, title = "forbidden", "forbidden", "This is not open to your role"


class NotFound(Refusal):
    code, kind, title = "not-found", "not_found", "There is no such thing here"


class Conflict(Refusal):
    code, kind, title = "conflict", "conflict", "The present state does not allow this"


class Refused(Refusal):
    code, kind, title = "refused", "refused", "Understood, and refused"


class TooMany(Refusal):
    code, kind, title = "too-many-requests", "too_many", "Too many requests"


class Unavailable(Refusal):
    code, kind, title = "unavailable", "unavailable", "A part of the platform is not available"


class DeadlineExceeded(Unavailable):
    code, title = "deadline-exceeded", "A part of the platform did not answer in time"


class RemoteRefusal(Refusal):
    """What another service refused: same code, kind, detail, errors and extra as it said there."""

    title = "Another service refused"

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any]) -> RemoteRefusal:
        refusal = cls(str(wire.get("detail", "")), errors=wire.get("errors") or [])
        refusal.code = str(wire.get("code", "refused"))
        refusal.kind = str(wire.get("kind", "refused"))
        refusal.extra = dict(wire.get("extra") or {})
        return refusal
