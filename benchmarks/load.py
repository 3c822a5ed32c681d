"""Measure a server under load: `python -m benchmarks.load --help`.

By default every measurement serves a temporary folder of its own. With `--url` it goes to a server
that runs already, of any make that speaks the protocol.
"""

import argparse
import asyncio
import gc
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path

import uvloop

from benchmarks.capacity import Steps, measure_capacity
from benchmarks.commands import measure_commands
from benchmarks.comparison import CAPACITY, COMMANDS, FAN_OUT, PEERS, Part, measure_peers
from benchmarks.fanout import Pace, measure_fanout
from benchmarks.footprint import measure_cold_start, measure_memory
from benchmarks.report import Table, as_json, as_markdown, environment
from benchmarks.target import (
    CLIENT_CORE,
    Host,
    can_pin,
    pin_to,
    raise_open_file_limit,
    remote,
    served,
)
from bunga_cli.client import ServerAddress
from bunga_cli.errors import BungaError, Invalid

MOST_CONNECTIONS = 60_000
MOST_SECONDS = 1_000.0
OURS_ALONE = {"cold-start", "peers"}


def main() -> None:
    """Measure what the command line asks for and print the results."""
    parser = build_parser()
    args = parser.parse_args()
    try:
        refuse_what_is_not_ours(args)
    except BungaError as error:
        parser.error(str(error))
    open_files = raise_open_file_limit()
    pin_to(0, CLIENT_CORE if args.pin else None)
    gc.disable()  # a pause of ours would be counted as the server's
    where = environment(open_files)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            tables = runner.run(measure_all(args))
    except BungaError as error:
        sys.exit(f"Error: {error}")
    print(as_markdown(where, tables), end="")
    if args.json:
        args.json.write_text(as_json(where, tables))


def refuse_what_is_not_ours(args: argparse.Namespace) -> None:
    """Raise Invalid for a server that may or can not be measured so."""
    if not args.url:
        return
    if args.what in OURS_ALONE:
        raise Invalid("only a server of our own can be started: leave out --url")
    if not args.allow_remote and not ServerAddress.parse(args.url).is_loopback:
        raise Invalid("the server is on another machine: --allow-remote if it is yours to load")


async def measure_all(args: argparse.Namespace) -> list[Table]:
    """Measure one thing, or everything that can be measured at this server."""
    host: Host = partial(served, pin=args.pin)
    if args.url:
        host = partial(remote, url=args.url, pid=args.pid)
    measurements = _measurements(args, host)
    if args.what == "all":
        skipped = OURS_ALONE if args.url else {"peers"}
        return [await run() for name, run in measurements.items() if name not in skipped]
    return [await measurements[args.what]()]


Measurement = Callable[[], Coroutine[None, None, Table]]


def _measurements(args: argparse.Namespace, host: Host) -> dict[str, Measurement]:
    rate = args.connect_rate
    steps = Steps(args.first, args.step, args.max, args.settle, args.hold)
    pace = Pace(args.messages, args.message_rate, args.seconds)
    return {
        "capacity": partial(measure_capacity, host, steps, rate),
        "fan-out": partial(measure_fanout, host, args.room_sizes, pace, rate),
        "commands": partial(measure_commands, host, args.askers, args.seconds, rate),
        "memory": partial(measure_memory, host, args.idle, args.settle, rate),
        "cold-start": partial(asyncio.to_thread, measure_cold_start, args.starts, pin=args.pin),
        "peers": partial(measure_peers, _parts(args), args.peers, pin=args.pin),
    }


def _parts(args: argparse.Namespace) -> list[Part]:
    """Return what is measured of our server and of its peers."""
    rate, number = args.connect_rate, args.peer_connections
    step = Steps(number, 1, number, args.settle, args.hold)
    pace = Pace(args.messages, args.message_rate, args.seconds)
    fan_out = partial(measure_fanout, sizes=args.room_sizes, pace=pace, connects_per_second=rate)
    commands = partial(measure_commands, numbers=args.askers, seconds=args.seconds, per_second=rate)
    capacity = partial(measure_capacity, steps=step, per_second=rate)
    return [
        Part("fan-out, room of {}", FAN_OUT, fan_out),
        Part("commands, {} connections", COMMANDS, commands),
        Part("{} connections", CAPACITY, capacity),
    ]


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load", description="Measure a server under load."
    )
    parser.add_argument(
        "what",
        nargs="?",
        default="all",
        choices=["all", "capacity", "fan-out", "commands", "memory", "cold-start", "peers"],
        help="all: everything but peers",
    )
    _add_target(parser.add_argument_group("the server"))
    _add_load(parser.add_argument_group("the load"))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    return parser


def _add_target(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--url", help="a register URL with {room} for the number of a room")
    group.add_argument("--pid", type=int, help="the process whose CPU and memory are read")
    group.add_argument("--allow-remote", action="store_true", help="allow another machine")
    group.add_argument(
        "--pin",
        action=argparse.BooleanOptionalAction,
        default=can_pin(),
        help="a core for the server and another for the clients",
    )


def _add_load(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--first", type=count, default=1_000, help="capacity: connections at first")
    group.add_argument("--step", type=count, default=3_000, help="capacity: more each time")
    group.add_argument("--max", type=count, default=19_000, help="capacity: connections at last")
    group.add_argument("--hold", type=seconds, default=20.0, help="capacity: s per step")
    group.add_argument("--settle", type=seconds, default=12.0, help="s without measuring before")
    group.add_argument("--connect-rate", type=seconds, default=500.0, help="connections per s")
    group.add_argument("--room-sizes", type=counts, default=[5, 50, 500], help="fan-out")
    group.add_argument("--messages", type=count, default=200, help="fan-out: how many are timed")
    group.add_argument("--message-rate", type=seconds, default=20.0, help="fan-out: sent per s")
    group.add_argument("--seconds", type=seconds, default=10.0, help="at full speed: for how long")
    group.add_argument("--askers", type=counts, default=[1, 8, 64], help="commands: connections")
    group.add_argument("--idle", type=count, default=5_000, help="memory: connections")
    group.add_argument("--starts", type=count, default=5, help="cold start: how often")
    group.add_argument("--peers", type=peers, default=PEERS, help=f"of {','.join(PEERS)}")
    group.add_argument("--peer-connections", type=count, default=5_000, help="peers: capacity at")


def count(text: str) -> int:
    """Return a number of things that this may be asked to do."""
    number = int(text)
    if not 1 <= number <= MOST_CONNECTIONS:
        raise argparse.ArgumentTypeError(f"must be 1 to {MOST_CONNECTIONS}")
    return number


def counts(text: str) -> list[int]:
    """Return numbers with commas between them."""
    return [count(part) for part in text.split(",")]


def peers(text: str) -> list[str]:
    """Return names of peers with commas between them."""
    names = text.split(",")
    if unknown := set(names) - set(PEERS):
        raise argparse.ArgumentTypeError(f"no such peer: {', '.join(sorted(unknown))}")
    return names


def seconds(text: str) -> float:
    """Return a time or a rate that keeps the whole bounded."""
    number = float(text)
    if not 0 < number <= MOST_SECONDS:
        raise argparse.ArgumentTypeError(f"must be over 0 and at most {MOST_SECONDS}")
    return number


if __name__ == "__main__":
    main()
