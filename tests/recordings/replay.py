"""Replays a recorded session against rooms of ours, each step at its recorded moment."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, unix_connect
from websockets.exceptions import ConnectionClosed

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
    """One recording, played to a channel of its own; `server` is the path of a Unix socket."""

    recording: Recording
    server: Path
    heard: dict[str, list[Heard]] = field(default_factory=dict)
    _sockets: dict[str, ClientConnection] = field(default_factory=dict)
    _readers: list[asyncio.Task[None]] = field(default_factory=list)
    _start: float = 0.0

    async def run(self) -> None:
        """Play it through."""
        self.heard = {client: [] for client in self.recording.clients}
        self._start = asyncio.get_running_loop().time()
        for step in self.recording.steps:
            await asyncio.sleep((step["t_ms"] - self._now_ms()) / 1000)
            await self._take(step)
        if step["action"] == "wait":
            await asyncio.sleep(step["seconds"])
        for socket in self._sockets.values():
            await socket.close()
        await asyncio.gather(*self._readers)

    def _now_ms(self) -> float:
        return (asyncio.get_running_loop().time() - self._start) * 1000

    async def _take(self, step: dict[str, Any]) -> None:
        client, action = step.get("client", ""), step["action"]
        if action == "connect":
            username, channel_id = self.recording.clients[client]["username"], self.recording.name
            url = f"ws://localhost/chat/?token={username}&channel_id={channel_id}"
            socket = await unix_connect(str(self.server), url, compression=None)
            self._sockets[client] = socket
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
                self.heard[client].append(Heard(self._now_ms(), json.loads(text)))
        except ConnectionClosed:
            pass
