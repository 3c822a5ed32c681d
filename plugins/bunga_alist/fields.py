"""Request bodies as clients of the original send them, and the refusals that they understand."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse

from bunga_cli.plugin import Invalid

_ABSENT = object()


async def read_fields(request: Request) -> dict[str, object]:
    """Return the fields of a form or of a JSON object; numbers become text. Raises Invalid."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    fields = await (_json(request) if kind == "application/json" else request.form(max_files=0))
    if not isinstance(fields, Mapping):
        raise Invalid(f"Invalid data. Expected a dictionary, but got {type(fields).__name__}.")
    return {name: _as_text(value) for name, value in fields.items()}


async def _json(request: Request) -> object:
    try:
        return await request.json()
    except (ValueError, RecursionError) as error:
        raise Invalid(f"JSON parse error - {error}") from error


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def problems(fields: Mapping[str, object], names: Iterable[str]) -> dict[str, list[str]]:
    """Return what is wrong with those of the fields that must be text."""
    found = {name: _problem(fields.get(name, _ABSENT)) for name in names}
    return {name: [sentence] for name, sentence in found.items() if sentence}


def _problem(value: object) -> str | None:
    if value is _ABSENT:
        return "This field is required."
    if value is None:
        return "This field may not be null."
    if not isinstance(value, str):
        return "Not a valid string."
    return None if value.strip() else "This field may not be blank."


def refusal(body: Mapping[str, object]) -> JSONResponse:
    """Return the answer to a request that cannot be carried out."""
    return JSONResponse(dict(body), HTTPStatus.BAD_REQUEST)
