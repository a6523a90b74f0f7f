"""The pages themselves: one shell for each of them and each language, and what they load."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.gateway.web.words import LOCALES, translations
from shared.errors import not_found
from shared.texts import Language, preferred, sentence

_LEFT = {"used_at": "{used_at}"}
"""What the page itself fills in, of the sentences that it says without network."""
STATIC = Path(str(resources.files("services.gateway.web").joinpath("static")))
FOREVER = "public, max-age=31536000, immutable"
"""For files that have a hash of their content in their name."""
ASK_FIRST = "no-cache"
_POLICY = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True)
class Page:
    """A page: its script's name, its colour on the phone's home screen, and what its script may do besides."""

    name: str
    colour: str
    scripts: str = ""
    camera: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """What the browser is told to refuse."""
        camera = "(self)" if self.camera else "()"
        return {
            "Content-Security-Policy": _POLICY.format(scripts=self.scripts),
            "Permissions-Policy": f"camera={camera}, microphone=(), geolocation=()",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": ASK_FIRST,
        }


PAGES = {
    page.name: page
    for page in (
        Page("home", "#0b6e4f"),
        Page("resident", "#0b6e4f"),
        # The scanner is WebAssembly.
        Page("gate", "#1d4ed8", scripts=" 'wasm-unsafe-eval'", camera=True),
        Page("property", "#0b6e4f"),
        Page("official", "#7c2d12"),
    )
}


class WebPages:
    """Renders the pages once, at the start: they differ by language alone."""

    def __init__(self) -> None:
        self._files: Mapping[str, str] = json.loads((STATIC / "manifest.json").read_text(encoding="utf-8"))
        self._html = {(language, name): self._render(language, name) for language in LOCALES for name in PAGES}
        self.router = APIRouter(include_in_schema=False)
        self.router.add_api_route("/", self.choose, methods=["GET", "HEAD"])
        self.router.add_api_route("/sw.js", self.worker, methods=["GET", "HEAD"])
        self.router.add_api_route("/static/{name}", self.static, methods=["GET", "HEAD"])
        self.router.add_api_route("/{language}", self.home, methods=["GET", "HEAD"])
        self.router.add_api_route("/{language}/{name}", self.page, methods=["GET", "HEAD"])
        self.router.add_api_route("/{language}/{name}/manifest.json", self.manifest, methods=["GET", "HEAD"])

    async def choose(self, request: Request) -> Response:
        """Send the browser to its language; Chinese if it names neither."""
        language = preferred(request.headers.get("accept-language"))
        return RedirectResponse(f"/{language}", 307, {"Vary": "Accept-Language", "Cache-Control": ASK_FIRST})

    async def home(self, language: str) -> Response:
        """Show the way to each page."""
        return self._page(language, "home")

    async def page(self, language: str, name: str) -> Response:
        """Show a page."""
        return self._page(language, name)

    async def manifest(self, language: str, name: str) -> Response:
        """Describe a page to a phone's home screen."""
        page, words = PAGES.get(name), translations(_language(language))
        if page is None:
            raise not_found()
        icon = {"src": f"/static/{self._files['icon.svg']}", "sizes": "any", "type": "image/svg+xml"}
        described = {
            "id": f"/{name}",
            "name": f"{words.gettext('Menshen')} · {words.gettext(TITLES[name])}",
            "short_name": words.gettext(TITLES[name]),
            "start_url": f"/{language}/{name}",
            "scope": f"/{language}/",
            "display": "standalone",
            "theme_color": page.colour,
            "background_color": "#ffffff",
            "icons": [icon],
        }
        return JSONResponse(described, headers={"Cache-Control": ASK_FIRST}, media_type="application/manifest+json")

    async def worker(self) -> Response:
        """Return the service worker, which keeps the pages for when there is no network."""
        return FileResponse(STATIC / "sw.js", media_type="text/javascript", headers={"Cache-Control": ASK_FIRST})

    async def static(self, name: str) -> Response:
        """Return what a page loads."""
        if name not in self._files.values():
            raise not_found()
        return FileResponse(STATIC / name, headers={"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"})

    def _page(self, language: str, name: str) -> Response:
        html = self._html.get((_language(language), name))
        if html is None:
            raise not_found()
        return Response(html, media_type="text/html", headers=dict(PAGES[name].headers))

    def _render(self, language: Language, name: str) -> str:
        templates = Environment(
            loader=PackageLoader("services.gateway.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        templates.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
        other = next(one for one in LOCALES if one != language)
        return templates.get_template(f"{name}.html").render(
            page=PAGES[name],
            title=TITLES[name],
            language=language,
            locale=LOCALES[language].replace("_", "-"),
            other=other,
            files=self._files,
            sentences=lambda *codes: {code: sentence(code, language, _LEFT) for code in codes},
        )


def _(text: str) -> str:
    """Mark a text for the catalogues."""
    return text


TITLES = {
    "home": _("Menshen"),
    "resident": _("My pass"),
    "gate": _("Gate"),
    "property": _("Property"),
    "official": _("Live board"),
}


def _language(text: str) -> Language:
    for language in LOCALES:
        if text == language:
            return language
    raise not_found()
