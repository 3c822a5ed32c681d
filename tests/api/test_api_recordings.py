"""The original's answers, replayed against ours.

`recordings.json` is what the original answered to one long session, in order. Placeholders stand
for what differs each time: `<jwt>`, `<time>` ... in answers, `<user>` ... for tokens in requests.
The recorded session asked the gallery for the group `auth`; here `/api/site` is asked.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunga_cli.auth.passwords import hash_password
from bunga_cli.auth.tokens import Subject, Tokens
from bunga_cli.keyring import Keyring
from bunga_cli.store import Store
from bunga_cli.sync.snapshot import RoomSnapshot
from bunga_cli.sync.values import SERVER, Projection, VideoRecord
from tests.api.site import Site

EXCHANGES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("recordings.json").read_text("utf-8")
)
PLACEHOLDERS = {
    "<jwt>": re.compile(r"[\w-]+\.[\w-]+\.[\w-]+"),
    "<time>": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z"),
    "<url>": re.compile(r"http://bunga\.test/(api|media)/[\w/.-]+"),
    "<name>": re.compile(r"[\w-]+_user42_\d{8}_\d{6}\.log"),
    "<line>": re.compile(r"one line\n"),
}
SUBTITLE = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n"


@dataclass(frozen=True)
class Difference:
    """How we answer instead, and why."""

    why: str
    status: int
    answer: object


def _log(log_id: int, channel_id: str) -> dict[str, object]:
    return {
        "id": log_id,
        "channel_id": channel_id,
        "uploader": "user42",
        "created_at": "<time>",
        "file": "<url>",
        "download_filename": "<name>",
    }


ANY_SLASH = "both spellings of a path are served, without a redirect"
NO_METADATA = "there is no form to build from OPTIONS: /api/openapi.json describes everything"
ID_STAYS = "a channel's id cannot be changed, and changing it does not copy the channel"
METHOD_REFUSED = {"detail": 'Method "OPTIONS" not allowed.'}
REGISTERED = {
    "token": {"refresh": "<jwt>", "access": "<jwt>"},
    "channel": {"channel_id": "h42", "name": "HTTP room", "allow_new_client": True},
    "voice_call": None,
    "bilibili": None,
    "alist": None,
}

DIFFERENCES: dict[tuple[str, str], Difference] = {
    ("register", "no trailing slash"): Difference(ANY_SLASH, 200, REGISTERED),
    ("register", "OPTIONS"): Difference(NO_METADATA, 405, METHOD_REFUSED),
    ("register", "Accept: text/html"): Difference(
        "the API has no pages of its own: JSON is always the answer", 200, REGISTERED
    ),
    ("auth", "expired, bad signature"): Difference(
        "only a token of this site can be expired", 403, {"code": "token_invalid"}
    ),
    ("site", "trailing slash"): Difference(ANY_SLASH, 200, {"id": 1, "name": "My Bunga Server"}),
    ("channels", "list admin"): Difference(
        "the recorded list was cut to its first row",
        200,
        [
            {"channel_id": channel_id, "name": name, "allow_new_client": is_open}
            for channel_id, name, is_open in [
                ("closed", "Closed room", False),
                ("demo", "Demo room", True),
                ("h42", "HTTP room", True),
            ]
        ],
    ),
    ("channels", "create, duplicate"): Difference(
        "a duplicate is a bad request, not a crash",
        400,
        {"channel_id": ["channel with this channel id already exists."]},
    ),
    ("channels", "retrieve id with a dot"): Difference(
        "an id may hold dots", 200, {"channel_id": "a.b42", "name": "n", "allow_new_client": True}
    ),
    ("channels", "patch channel_id (copies instead of renaming?)"): Difference(
        ID_STAYS, 400, {"channel_id": ["A channel's id cannot be changed."]}
    ),
    ("channels", "new id there?"): Difference(
        ID_STAYS, 404, {"detail": "No Channel matches the given query."}
    ),
    ("channels", "OPTIONS"): Difference(NO_METADATA, 405, METHOD_REFUSED),
    ("monitor", "reset trailing slash"): Difference(
        ANY_SLASH, 200, {"message": "Channel state has been reset"}
    ),
    ("client-logs", "list admin"): Difference(
        "the recorded list was cut to its first rows",
        200,
        [_log(3, "h42"), _log(2, "no-such"), _log(1, "h42")],
    ),
    ("subtitle", "fetch the uploaded file by the url returned"): Difference(
        "uploaded subtitles are really served", 200, SUBTITLE.decode()
    ),
}


def _is_same(expected: object, actual: object) -> bool:
    if isinstance(expected, str) and expected in PLACEHOLDERS:
        return bool(PLACEHOLDERS[expected].fullmatch(str(actual)))
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            _is_same(expected[key], actual[key]) for key in expected
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(_is_same, expected, actual))
    return type(expected) is type(actual) and bool(expected == actual)


def _expected(exchange: dict[str, Any]) -> tuple[int, object]:
    difference = DIFFERENCES.get((exchange["group"], exchange["note"]))
    if difference:
        return difference.status, difference.answer
    answer = exchange["answer"]
    if isinstance(answer, dict) and "voice_call" in answer:
        answer = {**answer, "voice_call": None}  # null until a plugin fills it
    return exchange["status"], answer


def _answer(response: httpx2.Response) -> object:
    is_json = response.headers.get("content-type") == "application/json"
    return response.json() if is_json else response.text


class Replay:
    """Repeats the recorded session, one request after the other."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = site.client()
        self.tokens: dict[str, str] = {}
        self.last_file = ""

    async def send(self, exchange: dict[str, Any]) -> httpx2.Response:
        path = exchange["path"]
        response = await self.client.request(
            exchange["method"],
            self.last_file if path == "<url of the last file>" else path,
            headers=self._headers(exchange),
            **self._body(exchange),
        )
        self._remember(exchange, response)
        return response

    def _headers(self, exchange: dict[str, Any]) -> dict[str, str]:
        headers = {}
        if content_type := exchange.get("content_type"):
            headers["Content-Type"] = content_type
        if who := exchange.get("as"):
            headers["Authorization"] = self.tokens[who]
        return headers

    def _body(self, exchange: dict[str, Any]) -> dict[str, Any]:
        if "multipart" in exchange:
            return {"files": {key: (None, v) for key, v in exchange["multipart"].items()}}
        if "json" in exchange:
            return {"json": exchange["json"]}
        if "body" in exchange:
            return {"content": exchange["body"]}
        form = {key: self._unmasked(value) for key, value in exchange.get("form", {}).items()}
        if file := exchange.get("file"):
            return {"data": form, "files": {"file": (file["name"], _content(file["size"]))}}
        return {"data": form}

    def _unmasked(self, value: str) -> str:
        is_mask = value.startswith("<")
        return self.tokens[value.strip("<>")].removeprefix("Bearer ") if is_mask else value

    def _remember(self, exchange: dict[str, Any], response: httpx2.Response) -> None:
        if (exchange["group"], exchange["note"]) == ("register", "new user"):
            token = response.json()["token"]
            self.tokens["user"] = f"Bearer {token['access']}"
            self.tokens["refresh"] = f"Bearer {token['refresh']}"
        if exchange["group"] == "subtitle" and response.status_code == 201:
            self.last_file = response.json()["file"]


def _content(size: int) -> bytes:
    return {14: b"line 1\nline 2\n", len(SUBTITLE): SUBTITLE}.get(size, b"x" * size)


@pytest.fixture
async def replay(site: Site, store: Store) -> Replay:
    await store.channels.create("closed", "Closed room", allow_new_client=False)
    admin = await store.accounts.create("admin", hash_password("admin-pass-1"), is_admin=True)
    replay = Replay(site)
    ours, long_ago = site.context.tokens, datetime(2020, 1, 1, tzinfo=UTC)
    foreign = Tokens(Keyring("another site's secret, also 32 bytes"), 172_800, 7_776_000)
    owner = Subject(admin.id)
    tokens = {
        "admin": ours.issue("access", owner),
        "expired": ours.issue("access", owner, now=long_ago),
        "expired forged": foreign.issue("access", owner, now=long_ago),
        "expired refresh": ours.issue("refresh", owner, now=long_ago),
        "unknown": ours.issue("access", Subject(999_999)),
        "garbage": "garbage",
        "empty": "",
    }
    replay.tokens = {name: f"Bearer {token}" for name, token in tokens.items()}
    replay.tokens["other scheme"] = "Token x"
    return replay


async def _project(store: Store) -> None:
    projection = Projection(VideoRecord("rec-1", "A film", None, "http", "http://a/b"), SERVER)
    await store.rooms.save([RoomSnapshot("h42", projection, 0, 0, 0, ())], "epoch")


async def test_the_recorded_session_is_answered_as_by_the_original(
    replay: Replay, store: Store
) -> None:
    surprises = []
    for exchange in EXCHANGES:
        if exchange["note"] == "with a VideoRecord row made by hand":
            await _project(store)
        response = await replay.send(exchange)
        expected = _expected(exchange)
        if response.status_code != expected[0] or not _is_same(expected[1], _answer(response)):
            got = (response.status_code, _answer(response))
            surprises.append((exchange["group"], exchange["note"], expected, got))
    assert surprises == []


def test_every_difference_is_one_to_a_recorded_answer() -> None:
    recorded = {(e["group"], e["note"]): (e["status"], e["answer"]) for e in EXCHANGES}
    for key, difference in DIFFERENCES.items():
        assert recorded[key] != (difference.status, difference.answer)
