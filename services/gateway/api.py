"""The door's own pages: what this is, what can be called, and how it is. No script, nothing from elsewhere."""

import base64
import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from services.gateway.domain import Entry
from services.gateway.headers import address_of
from services.gateway.neighbours import Neighbours
from shared.errors import DomainError, Kind, not_found

_templates = Environment(
    loader=PackageLoader("services.gateway"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_STYLE = _templates.get_template("style.css").render()
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
}
_METHODS = ("get", "post", "put", "patch", "delete")


async def _neighbours(request: Request) -> Neighbours:
    neighbours: Neighbours = request.app.state.gateway.neighbours
    return neighbours


async def _counted(request: Request) -> None:
    request.app.state.gateway.door.count_address(Entry.PUBLIC, address_of(request.scope))


Behind = Annotated[Neighbours, Depends(_neighbours)]
health = APIRouter(include_in_schema=False)
pages = APIRouter(include_in_schema=False, dependencies=[Depends(_counted)])
ROUTERS = [health, pages]


@health.get("/livez")
async def livez() -> dict[str, str]:
    """Say that this process runs."""
    return {"status": "alive"}


@health.get("/readyz")
async def readyz(request: Request, behind: Behind) -> dict[str, str | int]:
    """Say whether every service behind has been ready within the last seconds."""
    if behind.away:
        raise DomainError(Kind.UNAVAILABLE, "unavailable", (), 1, away=", ".join(behind.away))
    return {"status": "ready", "worker": request.app.state.gateway.settings.worker}


@health.get("/metrics")
async def metrics(request: Request) -> Response:
    """Show this process's metrics, where the settings say that the public may see them."""
    if not request.app.state.gateway.settings.show_metrics:
        raise not_found()
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@pages.api_route("/openapi.json", methods=["GET", "HEAD"])
async def openapi(behind: Behind) -> Response:
    """Show the merged OpenAPI 3.1 document of all services."""
    return JSONResponse(await behind.document(), headers={"X-Content-Type-Options": "nosniff"})


@pages.api_route("/docs", methods=["GET", "HEAD"])
async def docs(behind: Behind) -> Response:
    """Show the same as a page for people."""
    document = await behind.document()
    return _page("docs.html", document=document, groups=_groups(document))


def _page(name: str, **content: Any) -> Response:
    html = _templates.get_template(name).render(style=_STYLE, **content)
    return Response(html, media_type="text/html", headers=_PAGE_HEADERS)


def _groups(document: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    """Return the operations by tag, each with its method and path."""
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in sorted(document["paths"].items()):
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append((method.upper(), path, item[method]))
    return dict(sorted(groups.items()))


def describe(schema: dict[str, Any]) -> str:
    """Say in a few words what a schema takes, such as `array of GateView` or `string (date-time) or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(describe(one) for one in schema[several]))
    if "enum" in schema or "const" in schema:
        return " | ".join(str(one) for one in schema.get("enum", [schema.get("const")]))
    kinds = schema.get("type", "anything")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    if kind == "array":
        return f"array of {describe(schema.get('items', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


_templates.filters["describe"] = describe
