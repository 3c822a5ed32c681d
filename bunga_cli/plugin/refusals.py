"""How a refusal looks on the wire.

The original's paths answer as it did: a field's name or `detail` as the key. Our own paths under
`/api/v1` answer `{"error": {"code", "message"}}`.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from bunga_cli.errors import (
    BungaError,
    Conflict,
    DataFolderError,
    Forbidden,
    Invalid,
    NotFound,
    SettingsError,
    StorageError,
    Unauthorized,
)
from bunga_cli.plugin.providers import PluginFailure
from bunga_cli.wording import sentence

_STATUS: dict[type[BungaError], HTTPStatus] = {
    Invalid: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    SettingsError: HTTPStatus.BAD_REQUEST,
    PluginFailure: HTTPStatus.BAD_GATEWAY,
    StorageError: HTTPStatus.INSUFFICIENT_STORAGE,
    DataFolderError: HTTPStatus.INSUFFICIENT_STORAGE,
}


class ApiError(Exception):
    """Answer a request with a status and a JSON object: `ApiError(HTTPStatus.GONE, {…})`."""

    def __init__(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class _Refusal(JSONResponse):
    """A refusal, which may quote what it refuses: text that is no UTF-8 is shown as such."""

    def render(self, content: object) -> bytes:
        """Return the body."""
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


def bad_request(**fields: str) -> ApiError:
    """Return a refusal (400) of a request's fields, one sentence for each."""
    body = {name: [text] for name, text in fields.items()}
    return ApiError(HTTPStatus.BAD_REQUEST, body)


def no_credentials() -> ApiError:
    """Return the refusal for somebody who did not say who it is."""
    detail = "Authentication credentials were not provided."
    return ApiError(HTTPStatus.FORBIDDEN, {"detail": detail})


def no_permission() -> ApiError:
    """Return the refusal for an account that may not do this."""
    detail = "You do not have permission to perform this action."
    return ApiError(HTTPStatus.FORBIDDEN, {"detail": detail})


def status_of(error: BungaError) -> HTTPStatus | None:
    """Return the status of a refusal; None for a failure of ours."""
    return next((s for kind, s in _STATUS.items() if isinstance(error, kind)), None)


def install_error_handlers(app: FastAPI) -> None:
    """Make every failure an answer of the right shape."""
    app.exception_handler(ApiError)(_api_error)
    app.exception_handler(BungaError)(_bunga_error)
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(ClientDisconnect)(_client_gone)
    app.exception_handler(Exception)(_server_error)


def refused(request: Request, status: int, code: str, message: str) -> JSONResponse:
    """Return a refusal, as the path that was asked words it."""
    if f"{request.scope['path']}/".startswith("/api/v1/"):
        return _Refusal({"error": {"code": code, "message": message}}, status)
    return _Refusal({"detail": message}, status)


async def _api_error(_request: Request, error: ApiError) -> Response:
    return _Refusal(error.body, error.status)


async def _bunga_error(request: Request, error: BungaError) -> Response:
    status = status_of(error)
    if status is None:
        raise error
    return refused(request, status, error.code, str(error))


async def _invalid_request(request: Request, error: RequestValidationError) -> Response:
    message = sentence(error.errors(), skip=1)
    return refused(request, HTTPStatus.BAD_REQUEST, Invalid.code, message)


async def _http_error(request: Request, error: HTTPException) -> Response:
    status = HTTPStatus(error.status_code)
    message = {
        HTTPStatus.NOT_FOUND: "Not found.",
        HTTPStatus.METHOD_NOT_ALLOWED: f'Method "{request.method}" not allowed.',
    }.get(status, error.detail)
    answer = refused(request, status, status.name.lower(), message)
    answer.headers.update(error.headers or {})
    return answer


async def _client_gone(_request: Request, _error: ClientDisconnect) -> Response:
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody reads it


async def _server_error(request: Request, _error: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs its traceback.
    return refused(request, HTTPStatus.INTERNAL_SERVER_ERROR, "server_error", "Server error.")
