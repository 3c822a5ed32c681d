"""Replays a recorded session against a running server, each step at its recorded moment."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.servers import Site

DATA = Path(__file__).parent / "data"

Frame = dict[str, Any]


@dataclass
class Heard:
    """A frame, and when it came, in ms of the recording's time."""

    t_ms: float
    frame: Frame


@dataclass
class Recording:
    """A session of the original server."""

    name: str
    clients: dict[str, Any]
    steps: list[dict[str, Any]]
    received: dict[str, list[Heard]]

    @classmethod
    def load(cls, path: Path) -> "Recording":
        """Read one file."""
        raw = json.loads(path.read_text("utf-8"))
        received = {
            client: [Heard(entry["t_ms"], entry["json"]) for entry in entries]
            for client, entries in raw["received"].items()
        }
        return cls(path.stem, raw["clients"], raw["steps"], received)


@dataclass
class Replay:
    """One recording, played to a channel of its own."""

    recording: Recording
    site: Site
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    _sockets: dict[str, ClientConnection] = field(default_factory=dict)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)
    _tokens: dict[str, str] = field(default_factory=dict)
    _start: float = 0.0

    def register(self) -> None:
        """Make the accounts, before the clock starts."""
        self._tokens = {
            client: self.site.register(self.recording.name, facts["username"])["token"]["access"]
            for client, facts in self.recording.clients.items()
        }

    async def run(self, delay_s: float) -> None:
        """Play it through, beginning in `delay_s`."""
        await asyncio.sleep(delay_s)
        self.heard = {client: [] for client in self.recording.clients}
        self._start = time.monotonic()
        for step in self.recording.steps:
            await asyncio.sleep(step["t_ms"] / 1000 - (time.monotonic() - self._start))
            await self._take(step)
        if step["action"] == "wait":
            await asyncio.sleep(step["seconds"])
        for socket in self._sockets.values():
            await socket.close()
        await asyncio.gather(*self._readers)

    async def _take(self, step: dict[str, Any]) -> None:
        client, action = step.get("client", ""), step["action"]
        if action == "connect":
            url = self.site.chat_url(self._tokens[client], self.recording.name)
            socket = self._sockets[client] = await connect(url, compression=None)
            self._readers.append(asyncio.create_task(self._read(client, socket)))
        elif action == "send":
            try:
                await self._sockets[client].send(json.dumps(step["json"]))
            except ConnectionClosed:
                assert "error" in step, f"{self.recording.name}: {client} was cut off"
        elif action == "close":
            await self._sockets[client].close(step["code"])
        elif action.startswith("abort"):
            self._sockets[client].transport.abort()

    async def _read(self, client: str, socket: ClientConnection) -> None:
        try:
            async for text in socket:
                t_ms = (time.monotonic() - self._start) * 1000
                self.heard[client].append(Heard(t_ms, json.loads(text)))
        except ConnectionClosed:
            pass
