"""Our server beside the peers: the same measurements, on the same cores, in one run."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.peers import SERVERS
from benchmarks.report import Cell, Table, progress
from benchmarks.target import (
    Host,
    Meter,
    Target,
    free_port,
    rooms_at,
    running,
    served,
    wait_until_healthy,
)

OURS = "bunga"
NODE = "node-ws"
PEERS = (*SERVERS, NODE)
NODE_PACKAGE = "ws@8"
NODE_SERVER = Path(__file__).with_name("peer_ws.cjs")
LESS, MORE, NEITHER = "less", "more", ""

FAN_OUT = {
    "last p50 ms": LESS,
    "last p99 ms": LESS,
    "frames/s at full speed": MORE,
    "frames per s of server CPU": MORE,
    "client CPU % then": NEITHER,
}
COMMANDS = {
    "answers/s": MORE,
    "answers per s of server CPU": MORE,
    "client CPU %": NEITHER,
}
CAPACITY = {
    "gap p99 ms": LESS,
    "server CPU %": LESS,
    "server RSS MB": LESS,
    "lost": NEITHER,
    "client CPU %": NEITHER,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One measurement, and which of its columns are compared."""

    label: str
    """What a row is about; `{}` stands for its first cell."""
    better: Mapping[str, str]
    measure: Callable[[Host], Awaitable[Table]]


@dataclass(frozen=True, slots=True)
class Results:
    """What each server has reached, by the name of the figure."""

    figures: dict[tuple[str, str], dict[str, Cell]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, server: str, part: Part, measured: Table) -> None:
        """Take the compared columns of a measurement."""
        for row in measured.rows:
            cells = dict(zip(measured.columns, row, strict=True))
            for column, better in part.better.items():
                figure = f"{part.label.format(row[0])}: {column}", better
                self.figures.setdefault(figure, {})[server] = cells[column]
        self.notes.extend(f"{server}: {note}" for note in measured.notes)

    def table(self, peers: Sequence[str]) -> Table:
        """Return a row per figure, with the ratio of each peer's to ours."""
        beside = [column for peer in peers for column in (peer, f"{peer} ÷ {OURS}")]
        table = Table("Beside peers", ["figure", "better is", OURS, *beside], notes=self.notes)
        for (figure, better), cells in self.figures.items():
            row = [figure, better, cells.get(OURS)]
            for peer in peers:
                row += [cells.get(peer), _ratio(cells, peer) if better else None]
            table.rows.append(row)
        return table


def _ratio(cells: Mapping[str, Cell], peer: str) -> float | None:
    theirs, ours = cells.get(peer), cells.get(OURS)
    if isinstance(theirs, int | float) and isinstance(ours, int | float) and ours:
        return theirs / ours
    return None


async def measure_peers(parts: Sequence[Part], names: Sequence[str], *, pin: bool) -> Table:
    """Measure our server and each peer, one after the other in each part."""
    results = Results()
    with ExitStack() as stack:
        hosts: dict[str, Host] = {OURS: partial(served, pin=pin)}
        for name in names:
            try:
                command, environ = how_to_start(name, stack)
                if name == NODE:
                    results.notes.append(f"{name}: {_node_versions(command, environ)}.")
            except (OSError, subprocess.SubprocessError) as error:
                results.notes.append(f"{name} is left out: {error}.")
            else:
                hosts[name] = partial(peer, command, environ, pin=pin)
        for part in parts:
            for name, host in hosts.items():
                await _measure(results, name, part, host)
    return results.table([name for name in hosts if name != OURS])


async def _measure(results: Results, name: str, part: Part, host: Host) -> None:
    """Measure one server; what goes wrong with it is noted and stops no other."""
    progress(f"-- {name}")
    try:
        results.add(name, part, await part.measure(host))
    except (OSError, RuntimeError) as error:  # TimeoutError is an OSError
        results.notes.append(f"{name}: {part.label.format('…')} failed, {error!r}.")


@asynccontextmanager
async def peer(
    command: Sequence[str],
    environ: Mapping[str, str],
    sizes: Sequence[int],
    *,
    pin: bool,
    unlimited: bool = False,  # noqa: ARG001
) -> AsyncIterator[Target]:
    """Start a peer; it lets everybody in, so nobody needs to register."""
    port = free_port()
    with running([*command, str(port)], pin=pin, environ=environ) as process:
        await asyncio.to_thread(wait_until_healthy, process, port)
        seats = [
            [(f"load-{room}-{number}", "any") for number in range(size)]
            for room, size in enumerate(sizes)
        ]
        yield Target(rooms_at(port, seats), Meter(process.pid))


def how_to_start(name: str, stack: ExitStack) -> tuple[list[str], dict[str, str]]:
    """Return the command to which the port is added, and its environment.

    Raises OSError or SubprocessError if the peer cannot run here.
    """
    if name != NODE:
        return [sys.executable, "-m", "benchmarks.peers", name], {}
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        raise FileNotFoundError("node and npm are not here")
    folder = stack.enter_context(TemporaryDirectory(prefix="bunga-load-"))
    install = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder]
    subprocess.run([*install, NODE_PACKAGE], check=True, stdout=subprocess.DEVNULL, timeout=60)
    return [node, str(NODE_SERVER)], {"NODE_PATH": f"{folder}/node_modules"}


def _node_versions(command: Sequence[str], environ: Mapping[str, str]) -> str:
    asked = [
        command[0],
        "-p",
        "`ws ${require('ws/package.json').version}, node ${process.version}`",
    ]
    return subprocess.check_output(asked, env={**os.environ, **environ}, text=True).strip()
