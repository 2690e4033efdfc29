"""What a browser or a load balancer sees: the front page, the documentation, health."""

from __future__ import annotations

from functools import cache
from html import escape
from pathlib import Path
from string import Template

import orjson

from services.gateway.domain.errors import RouteNotFound
from services.gateway.entrypoints.call import Call
from services.gateway.entrypoints.routing import ANYONE, Routes
from services.gateway.entrypoints.wire import JSON, Answer

routes = Routes("The service itself")

_PAGES = Path(__file__).parent.parent / "pages"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
_HTML = "text/html; charset=utf-8"
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@routes.get("/", summary="What is running", roles=ANYONE, documented=False)
def front_page(call: Call) -> Answer:
    up = call.parts.pulse.services()
    rows = "\n".join(
        f'<li class="{"up" if alive else "down"}"><span class="dot"></span><span class="name">'
        f'{escape(name)}</span><span class="state">{"answers" if alive else "no answer"}</span></li>'
        for name, alive in {"gateway": True, **up}.items()
    )
    down = [name for name, alive in up.items() if not alive]
    verb = "does" if len(down) == 1 else "do"
    verdict = f"{', '.join(down).capitalize()} {verb} not answer." if down else "Everything answers."
    page = Template(_text("index.html")).substitute(services=rows, verdict=escape(verdict))
    return Answer(200, page.encode(), _HTML, dict(_HEADERS))


@routes.get("/docs", summary="This documentation", roles=ANYONE, documented=False)
def docs_page(_: Call) -> Answer:
    return Answer(200, _text("docs.html").encode(), _HTML, dict(_HEADERS))


@routes.get("/docs/{file}", summary="A part of a page", roles=ANYONE, documented=False)
def page_file(call: Call) -> Answer:
    name = call.path["file"]
    if name not in ("style.css", "docs.js"):
        raise RouteNotFound("There is nothing at this address.")
    return Answer(200, _text(name).encode(), _TYPES[Path(name).suffix], dict(_HEADERS))


@routes.get("/promoter", summary="What a promoter's links brought", roles=ANYONE, documented=False)
def promoters_page(_: Call) -> Answer:
    return Answer(200, _text("promoter.html").encode(), _HTML, dict(_HEADERS))


@routes.get("/promoter/{file}", summary="A part of that page", roles=ANYONE, documented=False)
def promoters_page_file(call: Call) -> Answer:
    name = call.path["file"]
    if name not in ("promoter.css", "promoter.js"):
        raise RouteNotFound("There is nothing at this address.")
    return Answer(200, _text(name).encode(), _TYPES[Path(name).suffix], dict(_HEADERS))


@routes.get("/openapi.json", summary="The OpenAPI document", roles=ANYONE, documented=False)
def openapi(_: Call) -> Answer:
    return Answer(200, _document(), JSON, {"Cache-Control": "no-cache"})


@routes.get("/health/live", summary="Whether the process runs", roles=ANYONE, documented=False)
def live(_: Call) -> Answer:
    return Answer(200, b'{"status":"live"}')


@routes.get("/health/ready", summary="Whether requests can be taken", roles=ANYONE, documented=False)
def ready(call: Call) -> Answer:
    holds = call.parts.pulse.ready()
    checks = {name: "ready" if good else "not ready" for name, good in holds.items()}
    good = all(holds.values())
    body = orjson.dumps({"status": "ready" if good else "not ready", "checks": checks})
    return Answer(200 if good else 503, body)


@cache
def _text(name: str) -> str:
    return (_PAGES / name).read_text(encoding="utf-8")


@cache
def _document() -> bytes:
    # Imported here, for the document describes every route, this module's among them.
    from services.gateway.entrypoints.openapi import document
    from services.gateway.entrypoints.routes import ALL

    return orjson.dumps(document(ALL))
