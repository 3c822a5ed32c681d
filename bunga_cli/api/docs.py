"""`/api/docs`: the interface, described for people, without a request to anybody else's server."""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, HTMLResponse, Response

from bunga_cli.api.errors import not_found

router = APIRouter(prefix="/api/docs", include_in_schema=False)

# Swagger UI writes styles into the page, and its icons are data addresses.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bunga Server API</title>
<link rel="stylesheet" href="/api/docs/swagger-ui.css">
<link rel="icon" href="data:,">
<div id="swagger-ui"></div>
<script src="/api/docs/swagger-ui-bundle.js"></script>
<script src="/api/docs/start.js"></script>
</html>
"""

_START = """SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
});
"""


@router.get("")
async def docs_page() -> Response:
    """Return the page."""
    return HTMLResponse(_PAGE, headers={"Content-Security-Policy": _POLICY})


@router.get("/start.js")
async def docs_start() -> Response:
    """Return the script that starts the page."""
    return Response(_START, media_type="text/javascript")


@router.get("/{file}")
async def docs_asset(file: str) -> Response:
    """Return a part of Swagger UI."""
    if file not in ("swagger-ui.css", "swagger-ui-bundle.js"):
        raise not_found("File")
    return FileResponse(_swagger_folder() / file)


def _swagger_folder() -> Path:
    # fastapi-offline carries the files; of its code nothing is wanted.
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise not_found("File")
    return Path(spec.origin).parent / "static"
