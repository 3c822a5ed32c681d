"""How a refusal looks on the wire.

The original's paths answer as it did: a field's name or `detail` as the key. Our own paths under
`/api/v1` answer `{"error": {"code", "message"}}`.
"""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from bunga_cli.errors import (
    BungaError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    SettingsError,
    Unauthorized,
)
from bunga_cli.plugin.providers import PluginFailure

_STATUS: dict[type[BungaError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    SettingsError: HTTPStatus.BAD_REQUEST,
    PluginFailure: HTTPStatus.BAD_GATEWAY,
}


class ApiError(Exception):
    """Answer a request on one of the original's paths with this status and this object."""

    def __init__(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def bad_request(**fields: str) -> ApiError:
    """Return a refusal of a request's fields, one sentence for each."""
    body = {name: [sentence] for name, sentence in fields.items()}
    return ApiError(HTTPStatus.BAD_REQUEST, body)


def not_found(what: str) -> ApiError:
    """Return the refusal for a thing that is not there, `what` being the original's name for it."""
    detail = f"No {what} matches the given query."
    return ApiError(HTTPStatus.NOT_FOUND, {"detail": detail})


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure an answer of the right shape."""
    app.exception_handler(ApiError)(_api_error)
    app.exception_handler(BungaError)(_bunga_error)
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(ClientDisconnect)(_client_gone)
    app.exception_handler(Exception)(_server_error)


def _answer(request: Request, status: int, code: str, message: str) -> JSONResponse:
    if f"{request.scope['path']}/".startswith("/api/v1/"):
        return JSONResponse({"error": {"code": code, "message": message}}, status)
    return JSONResponse({"detail": message}, status)


async def _api_error(_request: Request, error: ApiError) -> Response:
    return JSONResponse(error.body, error.status)


async def _bunga_error(request: Request, error: BungaError) -> Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)
    if status is None:
        raise error
    return _answer(request, status, error.code, str(error))


async def _invalid_request(request: Request, error: RequestValidationError) -> Response:
    problems = (f"{'.'.join(map(str, e['loc'][1:]))}: {e['msg']}" for e in error.errors())
    return _answer(request, HTTPStatus.BAD_REQUEST, Invalid.code, "; ".join(problems))


async def _http_error(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    message = {
        HTTPStatus.NOT_FOUND: "Not found.",
        HTTPStatus.METHOD_NOT_ALLOWED: f'Method "{request.method}" not allowed.',
    }.get(status, error.detail)
    answer = _answer(request, status, status.name.lower(), message)
    answer.headers.update(error.headers or {})
    return answer


async def _client_gone(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it


async def _server_error(request: Request, _error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs its traceback.
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", "Server error.")
