"""The page to drop a file on."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Response

_WEB = Path(__file__).parent.parent / "web"
_SCRIPTS = ("app.js", "viewer.js", "timeline.js", "words.js")
_FILES = {
    "/": ("index.html", "text/html"),
    **{f"/web/{name}": (name, "text/javascript") for name in _SCRIPTS},
    "/web/style.css": ("style.css", "text/css"),
}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' blob: data:; media-src blob:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def add_pages(router: APIRouter) -> None:
    """Serve the page and what it loads; no part of the API's description."""
    for path, (name, kind) in _FILES.items():
        router.add_api_route(path, _page(name, kind), include_in_schema=False)


def _page(name: str, kind: str) -> Any:
    content = (_WEB / name).read_bytes()

    async def page() -> Response:
        headers = {
            "Content-Security-Policy": _POLICY,
            "X-Content-Type-Options": "nosniff",
            # A page must not meet the scripts of another version.
            "Cache-Control": "no-cache",
        }
        return Response(content, headers=headers, media_type=kind)

    return page
