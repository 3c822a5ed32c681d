"""The asyncio client of a Bunga server, for commands, load and tests.

    async with Client.register("http://localhost:8000/api/channels/lobby/register/") as ann:
        await ann.join(name="Ann")
        await ann.say("hello")
        await ann.expect("danmaku")

`Client` sends what it is told and no more. `Player14` and `Player15` are clients that behave as
the two installed generations of bunga_player do: heartbeats, watchdog, reconnecting.
"""

from bunga_cli.client.account import Account
from bunga_cli.client.address import ServerAddress
from bunga_cli.client.client import Client
from bunga_cli.client.failures import Disconnected, Refused, RegisterRefused
from bunga_cli.client.inbox import Message, Received
from bunga_cli.client.players import PLAYERS, Pace, Player, Player14, Player15

__all__ = [
    "PLAYERS",
    "Account",
    "Client",
    "Disconnected",
    "Message",
    "Pace",
    "Player",
    "Player14",
    "Player15",
    "Received",
    "Refused",
    "RegisterRefused",
    "ServerAddress",
]
