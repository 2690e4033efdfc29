"""The table of routes: what each call takes, answers, and who may make it.

Everything that must agree is made from this one table: dispatch, validation, access, the OpenAPI document
and the tests of the role matrix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import BaseConverter, Map, RequestRedirect, Rule

from services.gateway.contracts.picking import Pick, picker
from services.gateway.domain import errors
from services.gateway.domain.accounts import Role
from services.gateway.entrypoints.call import Handler

CUSTOMER = frozenset({Role.CUSTOMER})
MERCHANT = frozenset({Role.MERCHANT})
COURIER = frozenset({Role.COURIER})
OPERATOR = frozenset({Role.OPERATOR})
SIGNED_IN = frozenset(Role)


class Anyone(Enum):
    """Open to who is not signed in: has to be said, for a route is closed by default."""

    ANYONE = "anyone"


ANYONE = Anyone.ANYONE


class Key(Enum):
    """How an Idempotency-Key is honoured."""

    NONE = "none"
    RECORDED = "recorded"  # The answer is kept and given again.
    # The handler finds its own earlier effect: the answer holds secrets, which are not kept.
    NATURAL = "natural"


class Limit(Enum):
    REQUESTS = "requests"
    SIGN_INS = "sign-ins"


@dataclass(frozen=True, kw_only=True)
class Route:
    method: str
    path: str
    name: str
    summary: str
    tag: str
    roles: frozenset[Role] | Anyone
    handle: Handler
    body: type[Schema] | None = None
    query: type[Schema] | None = None
    answer: type[Schema] | None = None
    status: int = 200
    key: Key = Key.NONE
    limit: Limit = Limit.REQUESTS
    location: str | None = None
    versioned: bool = False
    raw_body: bool = False
    # Media other than JSON that the body may be, and that the answer is.
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    documented: bool = True
    refusals: tuple[str, ...] = ()
    description: str = ""

    # Made once from the schemas.
    body_schema: Schema | None = field(init=False, default=None)
    query_schema: Schema | None = field(init=False, default=None)
    several: frozenset[str] = field(init=False, default=frozenset())
    pick: Pick | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.key is Key.RECORDED and isinstance(self.roles, Anyone):
            raise ValueError(f"{self.name}: a recorded key belongs to an account")
        made: dict[str, Any] = {
            "body_schema": self.body() if self.body else None,
            "query_schema": self.query() if self.query else None,
            "pick": picker(self.answer()) if self.answer else None,
        }
        if made["query_schema"] is not None:
            made["several"] = frozenset(
                name for name, f in made["query_schema"].fields.items() if isinstance(f, fields.List)
            )
        for name, value in made.items():
            object.__setattr__(self, name, value)


class Routes:
    """Collects the routes of one topic; ``tag`` is its heading in the documentation."""

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._routes: list[Route] = []

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def get(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._add("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._add("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._add("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._add("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[Handler], Handler]:
        return self._add("DELETE", path, options)

    def _add(self, method: str, path: str, options: dict[str, Any]) -> Callable[[Handler], Handler]:
        def add(handle: Handler) -> Handler:
            self._routes.append(
                Route(method=method, path=path, name=handle.__name__, tag=self._tag, handle=handle, **options)
            )
            return handle

        return add


class _Id(BaseConverter):
    regex = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class _Name(BaseConverter):
    regex = "[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}"


# Ids that other services make in their own way; all others are UUIDs, and anything else is nowhere.
_NAMES = {
    "store_order_id",
    "stop_id",
    "offer_id",
    "zone_id",
    "code",
    "provider",
    "file",
    "version",
    "payee_kind",
}


_CONVERTERS: dict[str, type[BaseConverter]] = {"id": _Id, "name": _Name}


class Router:
    """Finds the route of a method and a path.

    Most are found at once by how many parts the path has and what the second of them is; what is not (no
    such address, another method, a slash at the end) is left to the library to decide.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = list(routes)
        rules = [Rule(_rule(route.path), methods=[route.method], endpoint=route) for route in self.routes]
        urls = Map(rules, strict_slashes=False, merge_slashes=False, converters=_CONVERTERS)
        self._adapter = urls.bind("gateway")
        self._at_once: dict[tuple[str, int, str], list[tuple[re.Pattern[str], Route]]] = {}
        # An address without variable parts comes first, as it does with the library.
        for route in sorted(self.routes, key=lambda route: route.path.count("{")):
            pattern = re.compile(_expression(route.path))
            self._at_once.setdefault(_place(route.method, route.path), []).append((pattern, route))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """Raises :class:`RouteNotFound` or :class:`MethodNotAllowed`."""
        for pattern, likely in self._at_once.get(_place(method, path), ()):
            match = pattern.fullmatch(path)
            if match is not None:
                return likely, match.groupdict()
        try:
            route, values = self._adapter.match(path, method)
        except MethodNotAllowed as error:
            allow = _listed(error.valid_methods)
            raise errors.MethodNotAllowed(f"This address answers {allow}.", allow=allow) from None
        except (HTTPException, RequestRedirect):
            raise errors.RouteNotFound("There is nothing at this address.") from None
        return route, dict(values)


def _place(method: str, path: str) -> tuple[str, int, str]:
    parts = path.split("/", 3)
    return method, path.count("/"), parts[2] if len(parts) > 2 else ""


def _rule(path: str) -> str:
    """The path as the library wants it."""
    return _with_variables(path, lambda kind, name: f"<{kind}:{name}>")


def _expression(path: str) -> str:
    """The path as a regular expression."""
    return _with_variables(path, lambda kind, name: f"(?P<{name}>{_CONVERTERS[kind].regex})", re.escape)


def _with_variables(path: str, variable: Callable[[str, str], str], plain: Callable[[str], str] = str) -> str:
    parts = []
    for part in path.split("/"):
        if part.startswith("{"):
            name = part.strip("{}")
            parts.append(variable("name" if name in _NAMES else "id", name))
        else:
            parts.append(plain(part))
    return "/".join(parts)


def _listed(methods: Iterable[str] | None) -> str:
    return ", ".join(sorted(methods or ()))
