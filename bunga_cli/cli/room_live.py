"""`bunga rooms watch` and `bunga rooms events`: rooms while something happens in them."""

import asyncio
import signal
import time
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunga_cli.cli import local_api, output
from bunga_cli.cli.completion import complete_channels
from bunga_cli.cli.options import DataOption, find_data
from bunga_cli.cli.room_words import sentence, time_of_day
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import BungaError, ServerUnreachable
from bunga_cli.units import SECOND

if TYPE_CHECKING:
    from bunga_cli.cli.screen import Screen

_RETRY_S = _TICK_S = 1.0
_PASSING = frozenset({ServerUnreachable.code, BungaError.code})
"""Failures that may be over soon: no server, or a proxy without one behind it."""
_BY_SIGNAL = 128
"""What a shell adds to the number of the signal that ended a command."""
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def watch(
    channel_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="The room's channel.", autocompletion=complete_channels),
    ],
    data: DataOption = None,
) -> None:
    """Look at a room while it is used, until q or Ctrl-C.

    The right end of the timeline is a round number: no player tells how long its video is.
    """
    from bunga_cli.cli.screen import Screen

    folder = find_data(data)
    room = local_api.call(folder, "GET", "rooms", channel_id)
    screen = Screen()
    with screen:
        ended_by = asyncio.run(_Look(folder, channel_id, screen, room).run())
    if ended_by:
        raise typer.Exit(_BY_SIGNAL + ended_by)


def events(
    channel_id: Annotated[
        str | None,
        typer.Argument(
            metavar="[ID]",
            help="The room's channel; else all rooms.",
            autocompletion=complete_channels,
        ),
    ] = None,
    last: Annotated[
        int, typer.Option(min=0, max=100, help="Begin with so many that are past.")
    ] = 0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Print what happens in the rooms, until Ctrl-C.

    A line for each event, in one room or in all of them.
    """
    path = ("events",) if channel_id is None else ("rooms", channel_id, "events")
    asyncio.run(_print_events(find_data(data), path, last, as_json=as_json))
    raise BungaError("The server ended, or the channel was deleted: nothing more happens here.")


async def _print_events(
    folder: DataFolder, path: tuple[str, ...], last: int, *, as_json: bool
) -> None:
    async with aclosing(local_api.stream(folder, *path, last=last)) as happenings:
        async for event in happenings:
            if as_json:
                output.record(event)
            else:
                where = f"{event['channel_id']}  " if event["channel_id"] else ""
                output.line(f"{time_of_day(event)}  {where}{sentence(event)}")


@dataclass
class _Look:
    """One look at a room, from the first picture to the last."""

    folder: DataFolder
    channel_id: str
    screen: "Screen"
    room: dict[str, Any]
    trouble: str = ""
    told_at_s: float = field(default_factory=time.monotonic)
    """When the server said that the room is like this."""
    ended: "asyncio.Future[int]" = field(init=False)

    async def run(self) -> int:
        """Draw until somebody ends it; return by which signal, 0 by none."""
        loop = asyncio.get_running_loop()
        self.ended = loop.create_future()
        loop.add_reader(self.screen.keys_fd, self._on_keys)
        loop.add_signal_handler(signal.SIGWINCH, self._draw)
        loop.add_signal_handler(signal.SIGTSTP, self._stand_back)
        for number in _ENDING:
            loop.add_signal_handler(number, self._end, number)
        tasks = {asyncio.create_task(self._follow()), asyncio.create_task(self._tick())}
        try:
            ends: set[asyncio.Future[Any]] = {*tasks, self.ended}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            return self.ended.result()
        finally:
            loop.remove_reader(self.screen.keys_fd)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    async def _tick(self) -> None:
        """Draw each second what changes by time alone."""
        while True:
            self._draw()
            await asyncio.sleep(_TICK_S)

    async def _follow(self) -> None:
        """Draw what the server says, and wait for it to be back when it is gone."""
        while True:
            try:
                await self._receive()
            except BungaError as error:
                if error.code not in _PASSING:
                    raise
            self.trouble = "connection lost, trying again"
            self._draw()
            await asyncio.sleep(_RETRY_S)

    async def _receive(self) -> None:
        path = ("rooms", self.channel_id, "watch")
        async with aclosing(local_api.stream(self.folder, *path)) as looks:
            async for room in looks:
                self.room, self.trouble, self.told_at_s = room, "", time.monotonic()
                self._draw()

    def _draw(self) -> None:
        from bunga_cli.cli.room_view import aged, picture

        elapsed_s = 0 if self.trouble else time.monotonic() - self.told_at_s
        room, screen = aged(self.room, round(elapsed_s * SECOND)), self.screen
        screen.draw(picture(room, self.trouble, screen.width, screen.height))

    def _stand_back(self) -> None:
        self.screen.stand_back()
        self._draw()

    def _on_keys(self) -> None:
        keys = self.screen.keys()
        if not keys or "q" in keys or "Q" in keys:
            self._end(0)

    def _end(self, number: int) -> None:
        if not self.ended.done():
            self.ended.set_result(number)
