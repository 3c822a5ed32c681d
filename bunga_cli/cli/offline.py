"""The administration without a server: on the database, which nobody else uses meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from bunga_cli.cli import facts, local_api, output
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import Invalid, ServerUnreachable
from bunga_cli.wording import sentence

if TYPE_CHECKING:
    from pydantic import BaseModel

    from bunga_cli.auth.people import People
    from bunga_cli.auth.token_office import TokenOffice
    from bunga_cli.store import Store

T = TypeVar("T")
M = TypeVar("M", bound="BaseModel")


@dataclass(frozen=True, slots=True)
class Site:
    """What the server would do its work with."""

    store: "Store"
    people: "People"
    token_office: "TokenOffice"


def ask(
    data: DataFolder,
    *path: str,
    query: Mapping[str, object] | None = None,
    body: Mapping[str, object] | None = None,
    without: Callable[[Site], Awaitable["BaseModel"]],
) -> dict[str, Any]:
    """Return what `/api/v1/<path>?<query>` answers, and `without` a server, what that returns.

    With a body it is a POST, which must not change anything.
    """
    method = "GET" if body is None else "POST"
    try:
        return local_api.call(data, method, *path, query=query, body=body)
    except ServerUnreachable:
        facts.check_database(data)
    output.note(f"No server runs on {data.path}; this is what its database says.")
    return _answer(data, without)


def change(
    data: DataFolder,
    *path: str,
    body: Mapping[str, object],
    without: Callable[[Site], Awaitable["BaseModel"]],
) -> dict[str, Any]:
    """Send a POST, or `without` a server do the same to its files; none can start meanwhile."""
    try:
        return local_api.call(data, "POST", *path, body=body)
    except ServerUnreachable:
        facts.check_database(data)
    with data.lock():
        output.note(f"No server runs on {data.path}; its files are changed directly.")
        return _answer(data, without)


def _answer(data: DataFolder, without: Callable[[Site], Awaitable["BaseModel"]]) -> dict[str, Any]:
    return asyncio.run(_with_site(data, without)).model_dump(mode="json")


def checked(model: type[M], body: Mapping[str, object]) -> M:
    """Return a body as the server would take it. Raises Invalid."""
    from pydantic import ValidationError

    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise Invalid(sentence(error.errors())) from error


async def _with_site(data: DataFolder, act: Callable[[Site], Awaitable[T]]) -> T:
    from bunga_cli.store import Store

    store = await Store.open(data.database)
    try:
        return await act(_site(data, store))
    finally:
        await store.close()


def _site(data: DataFolder, store: "Store") -> Site:
    from bunga_cli.auth.live import NoSockets
    from bunga_cli.auth.people import People
    from bunga_cli.auth.token_office import TokenOffice
    from bunga_cli.auth.tokens import Tokens
    from bunga_cli.settings.files import load_settings
    from bunga_cli.units import SECOND

    lives, nobody = load_settings(data).settings.tokens, NoSockets()
    tokens = Tokens(
        data.read_keyring(),
        lives.access_lifetime_us // SECOND,
        lives.refresh_lifetime_us // SECOND,
    )
    people = People(store, nobody)
    return Site(store, people, TokenOffice(store, tokens, people, nobody, data.write_keyring))
