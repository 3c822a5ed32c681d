"""The asyncio client of a Bunga server, for commands, load and tests.

    async with Client.register("http://localhost:8000/api/channels/lobby/register/") as ann:
        await ann.join(name="Ann")
        await ann.say("hello")
        await ann.expect("danmaku")

`Client` sends what it is told and no more. `Player14` and `Player15` are clients that behave as
the two installed generations of bunga_player do: heartbeats, watchdog, reconnecting. `PlayerV2`
does so too, and speaks `bunga.v2`: it knows the room's truth and the server's time, and `Follower`
keeps any player in step by them:

    async with PlayerV2.register("http://localhost:8000/api/channels/lobby/register/") as bot:
        async with Follower(bot, Stopwatch()):
            await bot.join(name="Bot")
            await bot.wait_closed()

`docs/client.md` tells the rest.
"""

from collections.abc import Mapping
from typing import Final

from bunga_cli.client.account import Account
from bunga_cli.client.address import ServerAddress
from bunga_cli.client.client import Client
from bunga_cli.client.controller import Controller, Learned
from bunga_cli.client.failures import Disconnected, Refused, RegisterRefused
from bunga_cli.client.follower import Follower
from bunga_cli.client.inbox import Message, Received
from bunga_cli.client.media import MediaPlayer, Stopwatch
from bunga_cli.client.players import Pace, Player, Player14, Player15
from bunga_cli.client.v2 import PlayerV2, Whereabouts
from bunga_cli.sync.clock_filter import ClockExchange, ClockFilter
from bunga_cli.sync.timeline import Timeline

PLAYERS: Final[Mapping[str, type[Player]]] = {
    player.generation: player for player in (Player14, Player15, PlayerV2)
}

__all__ = [
    "PLAYERS",
    "Account",
    "Client",
    "ClockExchange",
    "ClockFilter",
    "Controller",
    "Disconnected",
    "Follower",
    "Learned",
    "MediaPlayer",
    "Message",
    "Pace",
    "Player",
    "Player14",
    "Player15",
    "PlayerV2",
    "Received",
    "Refused",
    "RegisterRefused",
    "ServerAddress",
    "Stopwatch",
    "Timeline",
    "Whereabouts",
]
