"""Accounts: who may ask, under which role, and how they are known."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.errors import InvalidInput

PASSWORD_LENGTH = range(8, 129)
_PHONE = re.compile(r"\+?[0-9]{6,15}")


class Role(StrEnum):
    CUSTOMER = "customer"
    MERCHANT = "merchant"
    COURIER = "courier"
    OPERATOR = "operator"
    ANALYST = "analyst"


SELF_REGISTERED = frozenset({Role.CUSTOMER, Role.MERCHANT, Role.COURIER})


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who makes a request, as its access token says."""

    account_id: str
    role: Role
    session_id: str

    def actor(self) -> dict[str, str]:
        """What the other services are told about the caller."""
        return {"account_id": self.account_id, "role": self.role.value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    account_id: str
    role: Role
    name: str
    email: str | None
    phone: str | None
    password_hash: str
    registered_at: datetime


def identity(email: str | None, phone: str | None) -> tuple[str | None, str | None]:
    """The two ways to be known, in the one form that is stored and compared; one of them is needed."""
    if not email and not phone:
        message = "Give an email address or a phone number."
        raise InvalidInput(message, errors=[{"field": "email", "message": message}])
    return _email(email) if email else None, _phone(phone) if phone else None


def _email(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).strip().casefold()
    local, at, host = folded.rpartition("@")
    spaced = any(character.isspace() for character in folded)
    if spaced or len(folded) > 254 or not (at and local and "." in host):
        raise _invalid("email", "Expected an address such as name@example.org.")
    return folded


def _phone(text: str) -> str:
    digits = re.sub(r"[\s()./-]", "", unicodedata.normalize("NFKC", text))
    if not _PHONE.fullmatch(digits):
        raise _invalid("phone", "Expected 6 to 15 digits, perhaps after a plus sign.")
    return digits


def password(text: str) -> str:
    """``text`` as it is hashed: the same characters from another keyboard are the same password."""
    normal = unicodedata.normalize("NFKC", text)
    if len(normal) not in PASSWORD_LENGTH:
        raise _invalid(
            "password", f"Expected {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters."
        )
    if len(set(normal)) < 4:
        raise _invalid("password", "Expected at least four different characters.")
    return normal


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=[{"field": field, "message": message}])
