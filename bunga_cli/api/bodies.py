"""Request bodies of the original's paths: form, multipart form or JSON, as the client likes.

The models say what is wanted; the refusals are worded as clients of the original know them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from pydantic_core import ErrorDetails
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bunga_cli.api.errors import ApiError

MAX_FIELDS_BYTES = 64 * 1024
"""The largest body without a file."""

_MAX_FIELDS = 100

M = TypeVar("M", bound=BaseModel)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")]
"""Text as the original takes it: trimmed, not blank, a number is its digits."""


class Body(BaseModel):
    """The base of request bodies: numbers are taken for text, unknown fields are ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class Fields:
    """What a request sent, before anything is checked."""

    values: Mapping[str, object]
    is_form: bool


class BodyTooLarge(HTTPException):
    """Report a body over its limit, before the rest of it is read."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too large.")


class SmallBodies:
    """Bound the bodies of `/api/v1`, which FastAPI takes in before it asks who sends them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if f"{scope['path']}/".startswith("/api/v1/"):
            receive = _counted(receive, MAX_FIELDS_BYTES)
        await self.app(scope, receive, send)


def limited(request: Request, max_bytes: int) -> Request:
    """Return the same request, whose body raises BodyTooLarge as soon as it is over `max_bytes`."""
    if int(request.headers.get("content-length", 0)) > max_bytes:
        raise BodyTooLarge
    return Request(request.scope, _counted(request.receive, max_bytes))


def _counted(receive: Receive, max_bytes: int) -> Receive:
    left = max_bytes

    async def receive_counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge
        return message

    return receive_counted


async def read_fields(request: Request) -> Fields:
    """Return the fields of a body without files, at most MAX_FIELDS_BYTES. Raises ApiError."""
    try:
        request = limited(request, MAX_FIELDS_BYTES)
        return await _fields_of(request)
    except BodyTooLarge:
        raise _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too large.") from None


async def _fields_of(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
        return Fields(dict(form), is_form=True)
    body = await request.body()
    if kind == "application/json" and body:
        return Fields(_json_object(body), is_form=False)
    if kind == "application/x-www-form-urlencoded" or not body:
        return Fields(_urlencoded(body), is_form=kind != "application/json")
    raise _refused(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f'Unsupported media type "{kind}" in request.'
    )


def _json_object(body: bytes) -> dict[str, object]:
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _refused(HTTPStatus.BAD_REQUEST, f"JSON parse error - {error}") from error
    if isinstance(value, dict):
        return value
    sentence = f"Invalid data. Expected a dictionary, but got {type(value).__name__}."
    raise ApiError(HTTPStatus.BAD_REQUEST, {"non_field_errors": [sentence]})


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON.")


def _urlencoded(body: bytes) -> dict[str, object]:
    try:
        text = body.decode()
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MAX_FIELDS))
    except ValueError as error:
        raise _refused(HTTPStatus.BAD_REQUEST, f"Form parse error - {error}") from error


def _refused(status: HTTPStatus, detail: str) -> ApiError:
    return ApiError(status, {"detail": detail})


def checked(model: type[M], values: Mapping[str, object]) -> M:
    """Return the values as a model. Raises ApiError with a list of sentences for each bad field."""
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        raise ApiError(HTTPStatus.BAD_REQUEST, _sentences(invalid)) from invalid


def _sentences(invalid: ValidationError) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for error in invalid.errors():
        fields.setdefault(str(error["loc"][0]), []).append(_sentence(error))
    return fields


_SENTENCES = {
    "missing": "This field is required.",
    "string_type": "Not a valid string.",
    "string_unicode": "Surrogate characters are not allowed.",
    "string_too_short": "This field may not be blank.",
    "string_too_long": "Ensure this field has no more than {max_length} characters.",
    "string_pattern_mismatch": "Null characters are not allowed.",
    "bool_type": "Must be a valid boolean.",
    "bool_parsing": "Must be a valid boolean.",
}


def _sentence(error: ErrorDetails) -> str:
    if error.get("input", ...) is None:
        return "This field may not be null."
    sentence = _SENTENCES.get(error["type"])
    return sentence.format(**error.get("ctx", {})) if sentence else error["msg"]


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return `openapi_extra` for a route that reads this model as a form or as JSON."""
    content = {"schema": model.model_json_schema()}
    kinds = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data")
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, content)}}
