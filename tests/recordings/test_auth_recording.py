"""The recorded session in which clients are turned away: who gets which close code."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import jwt
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from tests.recordings.replay import DATA
from tests.servers import Site

RAW = json.loads((DATA / "s35_auth.json").read_text("utf-8"))
STEPS = [step for step in RAW["steps"] if step["action"] == "connect"]

MEMBERS_ONLY = "only members of a channel may open its socket"
EITHER_SLASH = "both spellings of the path are accepted"
DIFFERENCES = {
    "12 channel the user did not register in": (1000, 4003, MEMBERS_ONLY),
    "path /chat": (500, 1000, EITHER_SLASH),
    "path /nope/": (500, 404, "a path that is nobody's is not found; it is no error of ours"),
    "path /": (500, 404, "a path that is nobody's is not found; it is no error of ours"),
}
"""Client: (what the original answered, what we answer, why). 1000: it may stay until it leaves."""


@pytest.fixture(scope="module")
def channel(site: Site) -> str:
    """A channel of which alice is a member."""
    name = f"auth-{uuid4().hex[:8]}"
    site.create_channel(name)
    return name


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step["client"])
async def test_a_client_is_let_in_or_turned_away_as_recorded(
    step: dict[str, Any], site: Site, channel: str
) -> None:
    client = step["client"]
    tokens = site.register(channel, "alice")["token"]
    channel_id = step["channel_id"]
    if channel_id == RAW["channel_id"]:
        channel_id = channel
    elif channel_id == "closed":
        channel_id = "lobby"  # alice never registered there
    url = site.chat_url(_token(client, tokens, site.secret), channel_id, step["path"])

    expected = _recorded(client)
    if client in DIFFERENCES:
        theirs, expected, _why = DIFFERENCES[client]
        assert _recorded(client) == theirs
    assert await _outcome(url) == expected


def _recorded(client: str) -> int:
    if closed := RAW["closed"].get(client):
        return int(closed[0]["code"])
    return 500


async def _outcome(url: str) -> int:
    try:
        async with connect(url, compression=None) as socket:
            await socket.send('{"code":"nope"}')
            async for _ in socket:
                return 1000
            return socket.close_code or 0
    except InvalidStatus as refusal:
        return refusal.response.status_code
    except ConnectionClosedError:
        return socket.close_code or 0


def _token(client: str, tokens: dict[str, str], secret: str) -> str | None:
    claims = jwt.decode(tokens["access"], options={"verify_signature": False})
    past = {"iat": int(time.time()) - 60, "exp": int(time.time()) - 30}
    made: dict[str, Callable[[], str | None]] = {
        "none": lambda: None,
        "empty": lambda: "",
        "garbage": lambda: "garbage",
        "refresh token": lambda: tokens["refresh"],
        "bad signature": lambda: jwt.encode(claims, "x" * 64),
        "expired": lambda: jwt.encode({**claims, **past}, secret),
        "expired and bad signature": lambda: jwt.encode({**claims, **past}, "x" * 64),
        "unknown user": lambda: jwt.encode({**claims, "user_id": "999999"}, secret),
        "no user_id": lambda: jwt.encode(
            {key: value for key, value in claims.items() if key != "user_id"}, secret
        ),
        "no token, unknown channel": lambda: None,
        "expired, unknown channel": lambda: jwt.encode({**claims, **past}, secret),
    }
    kind = client[3:] if client[:2].isdecimal() else client
    return made.get(kind, lambda: tokens["access"])()
