"""Request bodies as clients of the original send them: form, multipart form or JSON.

A model says what is wanted; the refusals are worded as those clients know them:

    class Login(Body):
        username: Text
        password: Text

    @router.post("/api/x", openapi_extra=documented(Login))
    async def log_in(request: Request) -> None:
        login = checked(Login, (await read_fields(request)).values)
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
from starlette.types import Message, Receive

from bunga_cli.plugin.refusals import ApiError, bad_request

MAX_FIELDS_BYTES = 64 * 1024
"""The largest body without a file."""

_MAX_FIELDS = 100

M = TypeVar("M", bound=BaseModel)


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, pattern=r"^[^\x00]*$")]
"""The type of a field: text as the original takes it, trimmed and not blank."""


class Body(BaseModel):
    """The base of models of bodies: a number is read as its digits, unknown fields are ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True, frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class Fields:
    """What a request sent, before anything is checked."""

    values: Mapping[str, object]
    is_form: bool


async def read_fields(request: Request) -> Fields:
    """Return the fields of a body of at most 64 KiB, without files. Raises ApiError."""
    try:
        return await _fields_of(limited(request, MAX_FIELDS_BYTES))
    except BodyTooLarge:
        raise _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too large.") from None


def checked(model: type[M], values: Mapping[str, object]) -> M:
    """Return the values as a model. Raises ApiError with a list of sentences for each bad field.

    `checked(Login, (await read_fields(request)).values)`, where `Login` is a Body. What a
    validator's ValueError says is such a sentence.
    """
    try:
        return model.model_validate(values)
    except ValidationError as invalid:
        raise ApiError(HTTPStatus.BAD_REQUEST, _sentences(invalid)) from invalid


def documented(model: type[BaseModel]) -> dict[str, Any]:
    """Return `openapi_extra` for a route that reads this model as a form or as JSON."""
    content = {"schema": model.model_json_schema()}
    kinds = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data")
    return {"requestBody": {"required": True, "content": dict.fromkeys(kinds, content)}}


# -- limits -----------------------------------------------------------------------------------


class BodyTooLarge(HTTPException):
    """Report a body over its limit, before the rest of it is read."""

    def __init__(self) -> None:
        super().__init__(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request is too large.")


def limited(request: Request, max_bytes: int) -> Request:
    """Return the same request, whose body raises BodyTooLarge as soon as it is over `max_bytes`."""
    if int(request.headers.get("content-length", 0)) > max_bytes:
        raise BodyTooLarge
    return Request(request.scope, counted(request.receive, max_bytes))


def counted(receive: Receive, max_bytes: int) -> Receive:
    """Return the same source of a body, which raises BodyTooLarge after `max_bytes`."""
    left = max_bytes

    async def receive_counted() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise BodyTooLarge
        return message

    return receive_counted


# -- reading ----------------------------------------------------------------------------------


async def _fields_of(request: Request) -> Fields:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        try:
            form = await request.form(max_files=0, max_fields=_MAX_FIELDS)
        except UnicodeError as error:  # of a charset that can read nothing
            raise _refused(HTTPStatus.BAD_REQUEST, f"Form parse error - {error}") from error
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
    raise bad_request(non_field_errors=sentence)


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


# -- wording ----------------------------------------------------------------------------------

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


def _sentences(invalid: ValidationError) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for error in invalid.errors():
        fields.setdefault(str(error["loc"][0]), []).append(_sentence(error))
    return fields


def _sentence(error: ErrorDetails) -> str:
    if error.get("input", ...) is None:
        return "This field may not be null."
    sentence = _SENTENCES.get(error["type"])
    if sentence is None:
        return error["msg"].removeprefix("Value error, ")
    return sentence.format(**error.get("ctx", {}))
