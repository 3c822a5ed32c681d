"""Pages for people. Everything they need is served from here: no foreign address is ever opened."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bunga_cli.api.context import AppContext
from bunga_cli.api.errors import ApiError
from bunga_cli.paths import CHANNEL_ID
from bunga_cli.web import console, home, watch
from bunga_cli.web.assets import serve_asset
from bunga_cli.web.guard import UNREADABLE
from bunga_cli.web.preferences import choose
from bunga_cli.web.rendering import Prepared, page, translate
from bunga_cli.web.sign_in import Door


def create_pages(context: AppContext) -> Starlette:
    """Return the pages as an application, for encoded paths without a slash at the end."""
    app = Starlette(
        routes=[
            Route("/", home.show, methods=["GET"]),
            Route(f"/watch/{CHANNEL_ID}", watch.show, methods=["GET"]),
            Route("/static/{name:path}", serve_asset, methods=["GET"]),
            Route("/preferences", choose, methods=["POST"]),
            *Door().routes(),
            *console.routes(),
        ],
        middleware=[Middleware(Prepared)],
        exception_handlers={
            HTTPStatus.NOT_FOUND: _not_found,
            ApiError: _unreadable,
            Exception: _failed,
        },
    )
    app.state.context = context
    return app


async def _not_found(request: Request, _error: Exception) -> Response:
    return page(request, "not_found.html", HTTPStatus.NOT_FOUND)


async def _unreadable(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return page(request, "refused.html", error.status, problem=translate(request, UNREADABLE))


async def _failed(request: Request, _error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs its traceback.
    return page(request, "failed.html", HTTPStatus.INTERNAL_SERVER_ERROR)
