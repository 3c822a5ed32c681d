"""Request bodies as plugins read them, and the refusals that clients of the original know."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field

from bunga_cli.plugin import Body, Text, checked, documented, hookimpl, read_fields
from bunga_cli.plugin.testing import PluginHarness

JSON = {"Content-Type": "application/json"}
LIMIT = 64 * 1024


def _even(text: str) -> str:
    if len(text) % 2:
        raise ValueError("This is an odd text.")
    return text


class Login(Body):
    username: Annotated[Text, Field(max_length=8)]
    password: Text
    hint: Annotated[Text, AfterValidator(_even)] = "ab"


class Door:
    """Says what it was sent."""

    @hookimpl
    def bunga_routes(self) -> APIRouter:
        router = APIRouter()

        @router.post("/api/door", openapi_extra=documented(Login))
        async def knock(request: Request) -> dict[str, str]:
            return checked(Login, (await read_fields(request)).values).model_dump()

        return router


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with PluginHarness(Door()) as harness:
        transport = httpx2.ASGITransport(app=harness.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"username": " ann ", "password": "7"}},
        {"json": {"username": "ann", "password": 7, "more": []}},
        {"files": {"username": (None, "ann"), "password": (None, "7")}},
    ],
    ids=["form", "json", "multipart"],
)
async def test_fields_come_as_the_client_likes(http: httpx2.AsyncClient, body: Any) -> None:
    answer = await http.post("/api/door", **body)
    assert (answer.status_code, answer.json()) == (
        200,
        {"username": "ann", "password": "7", "hint": "ab"},
    )


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"username": "ann"}, {"password": "This field is required."}),
        ({"username": None, "password": "p"}, {"username": "This field may not be null."}),
        (
            {"username": [], "password": True},
            {"username": "Not a valid string.", "password": "Not a valid string."},
        ),
        ({"username": " ", "password": "p"}, {"username": "This field may not be blank."}),
        ({"username": "a", "password": "\0"}, {"password": "Null characters are not allowed."}),
        (
            {"username": "a" * 9, "password": "p"},
            {"username": "Ensure this field has no more than 8 characters."},
        ),
        ({"username": "a", "password": "p", "hint": "abc"}, {"hint": "This is an odd text."}),
    ],
)
async def test_a_wrong_field_is_refused_in_words_by_its_name(
    http: httpx2.AsyncClient, fields: dict[str, Any], problems: dict[str, str]
) -> None:
    answer = await http.post("/api/door", json=fields)
    assert answer.status_code == 400
    assert {name: [sentence] for name, sentence in problems.items()} == answer.json()


@pytest.mark.parametrize(
    ("content", "key"), [(b"{", "detail"), (b"[]", "non_field_errors"), (b"[" * 50_000, "detail")]
)
async def test_a_body_that_is_no_json_object_is_refused(
    http: httpx2.AsyncClient, content: bytes, key: str
) -> None:
    answer = await http.post("/api/door", content=content, headers=JSON)
    assert (answer.status_code, list(answer.json())) == (400, [key])


async def test_a_body_of_another_kind_is_refused(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/api/door", content=b"x", headers={"Content-Type": "text/plain"})
    assert (answer.status_code, list(answer.json())) == (415, ["detail"])


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_over_the_limit_is_not_read(
    http: httpx2.AsyncClient, is_announced: bool
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += LIMIT
            yield b"x" * LIMIT

    length = {"Content-Length": str(2**40)} if is_announced else {}
    answer = await http.post("/api/door", content=endless(), headers={**JSON, **length})
    assert (answer.status_code, answer.json()) == (413, {"detail": "Request is too large."})
    assert read <= 2 * LIMIT


async def test_the_documentation_names_the_fields(http: httpx2.AsyncClient) -> None:
    operation = (await http.get("/openapi.json")).json()["paths"]["/api/door"]["post"]
    kinds = operation["requestBody"]["content"]
    assert "application/json" in kinds
    for kind in kinds.values():
        assert list(kind["schema"]["properties"]) == ["username", "password", "hint"]
