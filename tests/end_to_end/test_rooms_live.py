"""An admin's hand in a room of real players, and rooms watched in a real terminal."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from bunga_cli.client import Client, Player14, Player15
from tests.end_to_end.kit import SECOND_US, new_channel, pair, status
from tests.end_to_end.terminal import Terminal, terminal
from tests.servers import Site, running_site

ROOT = Path(__file__).parents[2]
URL = "https://example.org/films/Sintel%20HD.mp4"
ADMIN = {"id": "admin", "name": "admin", "color_hue": 0}


async def rooms(site: Site, *arguments: str, check: bool = True) -> str:
    """Run a `bunga rooms` command; return what it says to the person, or its data."""
    done = await asyncio.to_thread(site.bunga, "rooms", *arguments, check=check)
    return done.stdout or done.stderr


# -- an admin's hand ------------------------------------------------------------------------------


async def test_an_admin_plays_pauses_and_seeks_and_both_generations_follow(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        await rooms(site, "seek", channel, "1:00")
        for player in (ann, bob):
            sought = await player.expect("seek")
            assert (sought["sender"], sought["position"]) == (ADMIN, 60 * SECOND_US)

        await rooms(site, "play", channel)
        for player in (ann, bob):
            assert (await player.expect("play"))["sender"] == ADMIN
        assert (await status(ann, play_status="playing"))["position"] >= 60 * SECOND_US
        assert (await bob.expect("play-at", where=lambda m: m["is_play"]))["sender"][
            "id"
        ] == "server"

        await rooms(site, "pause", channel)
        paused = await ann.expect("pause")
        assert paused["sender"] == ADMIN
        assert 60 * SECOND_US < paused["position"] < 120 * SECOND_US
        for player in (ann, bob):
            # The truth is there at once, not with the next heartbeat.
            code = "channel-status" if player is ann else "play-at"
            truth = await player.expect(code, where=lambda m: m["position"] == paused["position"])
            assert truth.get("play_status", "paused") == "paused"
            assert truth.get("is_play", False) is False


async def test_an_admin_goes_forward_and_back_by_so_much(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, _bob):
        for step, seconds in (("+10m", 600), ("-1m", 540), ("-1h", 0)):
            await rooms(site, "seek", channel, step)
            assert (await ann.expect("seek"))["position"] == seconds * SECOND_US


async def test_an_admin_shows_another_video_and_says_so(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        await rooms(site, "project", channel, URL, "--title", "Sintel")
        await rooms(site, "say", channel, "Enjoy!")

        for player in (ann, bob):
            on = await player.expect("start-projection", where=lambda m: m["sender"] == ADMIN)
            assert on["position"] == 0
            record = on["video_record"]
            assert (record["title"], record["path"], record["source"]) == ("Sintel", URL, "link")
            said = await player.expect("danmaku")
            assert (said["sender"], said["message"]) == (ADMIN, "Enjoy!")


async def test_a_video_can_wait_for_those_who_come(site: Site) -> None:
    channel = new_channel(site)
    await rooms(site, "project", channel, URL)

    async with Client.register(site.register_url(channel), username="ann", password="pw") as ann:
        await ann.whats_on()
        on = await ann.expect("now-playing")
        assert (on["record"]["path"], on["sharer"]) == (URL, ADMIN)


async def test_what_is_in_vain_is_told_in_one_line(site: Site) -> None:
    channel = new_channel(site)

    told = await rooms(site, "play", channel, check=False)

    assert told.startswith("Error: ")
    assert len(told.splitlines()) == 1


async def test_who_is_kicked_is_gone_and_cannot_come_back(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, bob):
        await rooms(site, "kick", channel, "Bob")

        assert (await ann.expect("bye"))["sender"]["id"] == "bob"
        assert (await bob.wait_closed()).close_code == 4003
        assert (await status(ann, watcher_ids=["ann"]))["ready_ids"] == ["ann"]
        told = await asyncio.to_thread(site.bunga, "accounts", "unban", "Bob", "--channel", channel)
        assert told.stderr == f"bob (Bob) may come into the channel {channel} again.\n"


async def test_a_watcher_shows_generation_and_round_trip(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel):
        async with asyncio.timeout(120):
            while True:
                room = json.loads(await rooms(site, "show", channel, "--json"))
                if all(watcher["rtt_us"] is not None for watcher in room["watchers"]):
                    break
        assert [w["generation"] for w in room["watchers"]] == ["1.5", "1.4"]
        assert all(0 < w["rtt_us"] < 5 * SECOND_US for w in room["watchers"])


# -- events ---------------------------------------------------------------------------------------


@contextmanager
def events(site: Site, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `bunga rooms events` into a pipe."""
    command = [sys.executable, "-m", "bunga_cli", "rooms", "events", *arguments]
    with subprocess.Popen(
        [*command, "--data", str(site.data)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


async def next_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return await asyncio.to_thread(process.stdout.readline)


async def next_event(process: subprocess.Popen[str]) -> dict[str, Any]:
    return dict(json.loads(await next_line(process)))


async def test_events_come_as_json_a_line_each_and_end_at_ctrl_c(site: Site) -> None:
    channel = new_channel(site)
    async with pair(site, channel) as (ann, _bob):
        with events(site, channel, "--json", "--last", "1") as pipe:
            assert (await next_event(pipe))["who"] == {"id": "bob", "name": "Bob"}
            await ann.play()
            await ann.say("hello")

            seen = [await next_event(pipe) for _ in range(3)]
            assert [(e["kind"], e["who"]["id"], e["text"]) for e in seen] == [
                ("played", "ann", None),
                ("state", "ann", "playing"),
                ("message", "ann", "hello"),
            ]
            assert {e["channel_id"] for e in seen} == {channel}

            pipe.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(pipe.wait) == 130
            assert pipe.stderr is not None
            assert "Traceback" not in pipe.stderr.read()


async def test_events_of_all_rooms_say_which_and_read_as_sentences(site: Site) -> None:
    channel, other = new_channel(site), new_channel(site)
    async with pair(site, channel) as (ann, _bob), pair(site, other) as (_, ben):
        with events(site, "--last", "2") as pipe:
            for _ in range(2):
                await next_line(pipe)
            await ann.seek(42 * SECOND_US)
            assert (await next_line(pipe)).split("  ")[1:] == [channel, "Ann went to 0:00:42\n"]
            await ben.say("hello")
            assert (await next_line(pipe)).split("  ")[1:] == [other, "Bob: hello\n"]


async def test_events_end_with_the_server(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as own:
        async with pair(own, "lobby"):
            with events(own, "lobby", "--last", "1") as pipe:
                await next_line(pipe)
                await asyncio.to_thread(own.stop)

                assert await asyncio.to_thread(pipe.wait) == 1
                assert pipe.stderr is not None
                assert pipe.stderr.read().startswith("Error: The server ended")


async def test_a_server_ends_at_once_although_somebody_listens(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as own:
        transport = httpx2.AsyncHTTPTransport(uds=str(own.data / "bunga.sock"))
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://local") as control,
            control.stream("GET", "/api/v1/rooms/lobby/watch") as looks,
        ):
            lines = looks.aiter_lines()
            assert json.loads(await anext(lines))["channel_id"] == "lobby"
            ending = asyncio.create_task(asyncio.to_thread(own.stop))
            assert [line async for line in lines if line] == []
            assert await ending == 0
    assert "graceful shutdown exceeded" not in own.log


# -- watching a room in a terminal ----------------------------------------------------------------


@asynccontextmanager
async def watching(site: Site, channel: str) -> AsyncIterator[tuple[Player15, Player14, Terminal]]:
    """Ann and Bob are in the room, and somebody looks on in a terminal."""
    async with (
        pair(site, channel) as (ann, bob),
        terminal("rooms", "watch", channel, "--data", str(site.data)) as shown,
    ):
        await shown.shows("Bob")
        yield ann, bob, shown


def is_restored(shown: Terminal) -> bool:
    """Whether the terminal is as the shell had it."""
    return (
        shown.modes == shown.modes_before
        and shown.printed.count(b"\x1b[?1049h") == shown.printed.count(b"\x1b[?1049l") > 0
        and shown.printed.rindex(b"\x1b[?25h") > shown.printed.rindex(b"\x1b[?25l")
    )


async def test_a_room_is_drawn_with_all_that_is_worth_knowing(site: Site) -> None:
    channel = new_channel(site)
    async with watching(site, channel) as (ann, bob, shown):
        assert shown.lines[0].split() == [channel, "paused", "A", "film"]
        await ann.seek(1200 * SECOND_US)
        await ann.play()
        await shown.shows("playing")
        await shown.shows("0:20:0")
        await bob.set_buffering(True)
        lines = await shown.shows("waiting for Bob")

        assert lines[0].split()[:2] == [channel, "waiting"]
        assert lines[1].startswith("0:20:0")
        assert lines[1].endswith(" 0:30:00")
        assert "●" in lines[1]
        assert "Bob is not ready" in lines[2]
        assert lines[5].split() == [
            *("WATCHER", "NAME", "STATE", "FOR", "PLAYER", "ROUND", "TRIP", "DRIFT")
        ]
        assert lines[6].split()[:3] == ["bob", "Bob", "buffering"]
        assert lines[7].split()[:3] == ["ann", "Ann", "ready"]
        assert (lines[6].split()[5], lines[7].split()[5]) == ("1.4", "1.5")
        assert any("Ann pressed play at 0:20:00" in line for line in lines)
        assert lines[23] == "q ends"
        await shown.shows(" ms ")


async def test_q_ends_the_view_and_leaves_the_terminal_as_it_was(site: Site) -> None:
    async with watching(site, new_channel(site)) as (_ann, _bob, shown):
        shown.type("q")

        assert await shown.exit_code() == 0
        await shown.until(lambda: is_restored(shown))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_ends_the_view_and_leaves_the_terminal_as_it_was(
    site: Site, number: signal.Signals
) -> None:
    async with watching(site, new_channel(site)) as (_ann, _bob, shown):
        shown.process.send_signal(number)

        assert await shown.exit_code() == 128 + number
        await shown.until(lambda: is_restored(shown))


async def test_ctrl_c_ends_the_view_and_leaves_the_terminal_as_it_was(site: Site) -> None:
    async with watching(site, new_channel(site)) as (_ann, _bob, shown):
        shown.type("\x03")

        assert await shown.exit_code() == 130
        await shown.until(lambda: is_restored(shown))
        assert b"Traceback" not in shown.printed
        assert b"^C" not in shown.printed


async def test_ctrl_z_gives_the_terminal_back_for_a_while(site: Site) -> None:
    async with watching(site, new_channel(site)) as (_ann, _bob, shown):
        shown.type("\x1a")
        await asyncio.to_thread(os.waitpid, shown.process.pid, os.WUNTRACED)
        await shown.until(lambda: is_restored(shown))

        shown.process.send_signal(signal.SIGCONT)
        await shown.until(lambda: shown.printed.count(b"\x1b[?1049h") == 2)
        await shown.shows("Bob")
        shown.type("q")
        assert await shown.exit_code() == 0
        await shown.until(lambda: is_restored(shown))


async def test_the_view_follows_the_size_of_the_window(site: Site) -> None:
    channel = new_channel(site)

    def is_filled() -> bool:
        head, bar, *_, foot = shown.lines
        return head.startswith(channel) and "●" in bar and foot == "q ends"

    async with watching(site, channel) as (_ann, _bob, shown):
        shown.resize(60, 12)
        await shown.until(is_filled)
        assert (len(shown.lines), len(shown.lines[1])) == (12, 60)
        assert any(line.startswith("bob") for line in shown.lines)

        shown.resize(100, 30)
        await shown.until(is_filled)
        assert (len(shown.lines), len(shown.lines[1])) == (30, 100)


async def test_a_crowd_fits_on_the_screen(site: Site) -> None:
    channel = new_channel(site)
    names = [f"viewer{number:02}" for number in range(25)]
    async with terminal("rooms", "watch", channel, "--data", str(site.data)) as shown:
        await shown.shows("nobody")
        async with Crowd(site, channel, names):
            lines = await shown.shows("25 watching")
            assert any(line.startswith("and 1") for line in lines)
            assert lines[23] == "q ends"
            assert sum("viewer" in line for line in lines[6:18]) >= 8
            assert any("joined" in line for line in lines)


async def test_the_view_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    with running_site(tmp_path / "data") as own:
        own.create_channel("den")
        async with watching(own, "den") as (_ann, _bob, shown):
            await asyncio.to_thread(own.stop)
            lines = await shown.shows("connection lost, trying again")
            assert any(line.startswith("bob") for line in lines)

            await asyncio.to_thread(own.start)
            await shown.shows_no_more("connection lost")
            await shown.shows("away")
            shown.type("q")
            assert await shown.exit_code() == 0
            await shown.until(lambda: is_restored(shown))


async def test_the_view_ends_with_its_channel(site: Site) -> None:
    channel = new_channel(site)
    async with watching(site, channel) as (_ann, _bob, shown):
        await asyncio.to_thread(site.bunga, "channels", "delete", channel, "--yes")

        assert await shown.exit_code() == 1
        await shown.until(lambda: is_restored(shown))
        assert b"Error: There is no channel" in shown.printed


async def test_what_a_stranger_is_called_cannot_command_the_terminal(site: Site) -> None:
    channel = new_channel(site)
    async with (
        terminal("rooms", "watch", channel, "--data", str(site.data)) as shown,
        Client.register(site.register_url(channel), username="eve", password="pw") as eve,
    ):
        await shown.shows("nobody")
        await eve.join(name="\x1b]0;owned\x07 [red]Eve")
        lines = await shown.shows("[red]Eve")

        assert b"\x1b]0;owned" not in shown.printed
        assert any("\N{REPLACEMENT CHARACTER}" in line for line in lines)


class Crowd:
    """Many watchers."""

    def __init__(self, site: Site, channel: str, names: list[str]) -> None:
        url = site.register_url(channel)
        self._clients = [Client.register(url, username=name, password="pw") for name in names]

    async def __aenter__(self) -> None:
        for client in self._clients:
            await (await client.__aenter__()).join(name="V")

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.__aexit__(None, None, None)
