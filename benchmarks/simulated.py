"""What is tried with models of the installed players, in virtual time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from benchmarks.models.media import SECOND_US, Film
from benchmarks.models.player import Player
from benchmarks.models.player14 import Player14
from benchmarks.models.player15 import Player15
from benchmarks.proxy import Link
from benchmarks.report import percentile
from benchmarks.simulation import FILM, Look, Seat, Simulation
from bunga_cli.sync.policy import Policy

ROUND_TRIPS_MS = (20, 100, 300)
STARTS_S = (-2.5, -1.2, -0.5, -0.2, 0.0, 0.2, 0.5, 1.2, 2.5)
JITTER = 0.1
"""What each way takes longer at times: its mean, in parts of the round trip."""
CONVERGES_IN_S = 60.0
HOST, SLOW = "host", "slow"
NEAR = Link(delay_ms=2, jitter_ms=0.5, seed=1000)
DRIFTS_PPM = (0.0, 50.0, -50.0)
ENTERS_IN_S = 12.0
PUT_WRONG_AFTER_S = 1.5
_RUNS_DRY_IN_S, _GATHERS_FOR_S = 40.0, 60.0
_NEVER_US = 10**15
_SEEDS = 1000


def link(round_trip_ms: float, seed: int, spikes: float = 0.0) -> Link:
    """Return a network of so long a round trip."""
    return Link(round_trip_ms / 2, round_trip_ms * JITTER, spike_share=spikes, seed=seed)


@dataclass(frozen=True, slots=True)
class Run:
    """What one player's picture did while it was looked at."""

    looks: Sequence[Look]

    @classmethod
    def since(cls, seat: Seat, at_us: int) -> Self:
        """Return what was seen of a player from a moment on."""
        return cls([look for look in seat.looks if look.at_us >= at_us])

    @property
    def errors_ms(self) -> list[float]:
        """How far it was from the room's while that ran, in ascending order."""
        return sorted(abs(look.error_us) / 1000 for look in self.looks if look.is_running)

    @property
    def p95_ms(self) -> float:
        """What 95 of 100 errors do not exceed."""
        return percentile(self.errors_ms, 95)

    @property
    def rate_changes_per_minute(self) -> float:
        """How often its rate changed."""
        minutes = (self.looks[-1].at_us - self.looks[0].at_us) / (60 * SECOND_US)
        return (self.looks[-1].rate_changes - self.looks[0].rate_changes) / minutes

    @property
    def seeks(self) -> int:
        """How often it sought."""
        return self.looks[-1].seeks - self.looks[0].seeks


Runs = Mapping[int, Sequence[Run]]
"""By the round trip in milliseconds."""


def room_of(*players: tuple[Player, Link], policy: Policy | None = None) -> Simulation:
    """Return a room in which these have come together; the first of them shares the film."""
    sim = Simulation(policy)
    for player, network in players:
        sim.add(player, network)
    sim.run(ENTERS_IN_S)
    return sim


def host(kind: type[Player] = Player15) -> tuple[Player, Link]:
    """Return somebody near the server who shares the film and presses play."""
    return kind(HOST, share=FILM), NEAR


def press_play(sim: Simulation) -> None:
    """Let the host ask the room to play."""
    sim.say(HOST, sim.seats[HOST].player.press_play())


# -- in step ---------------------------------------------------------------------------------------


def in_step(
    kind: type[Player],
    *,
    is_compensated: bool,
    spikes: float = 0.0,
    seconds: float = 120.0,
    room: int = 0,
) -> Runs:
    """Begin at many wrong places, near and far, in one room; return what is seen after a minute.

    Another `room` has other networks of the same kinds.
    """
    places = [(trip, start_s) for trip in ROUND_TRIPS_MS for start_s in STARTS_S]
    players = [
        (kind(f"{trip}/{start_s}", film(number)), link(trip, _SEEDS * room + number, spikes))
        for number, (trip, start_s) in enumerate(places)
    ]
    sim = room_of(host(kind), *players, policy=Policy(legacy_compensation=is_compensated))
    starts = {
        player.account: start_s for (player, _), (_, start_s) in zip(players, places, strict=True)
    }
    begin(sim, starts, is_told_once=kind is Player14)
    sim.run(CONVERGES_IN_S)
    since_us = sim.now_us
    sim.run(seconds)
    return {
        trip: [Run.since(sim.seats[f"{trip}/{start_s}"], since_us) for start_s in STARTS_S]
        for trip in ROUND_TRIPS_MS
    }


def begin(sim: Simulation, starts_s: Mapping[str, float], *, is_told_once: bool) -> None:
    """Let the room play, and put its players wrong.

    1.4 is told only once where to be, so that it has to be wrong before that.
    """
    if not is_told_once:
        press_play(sim)
        sim.run(PUT_WRONG_AFTER_S)
    for name, start_s in starts_s.items():
        media = sim.seats[name].player.media
        assert media is not None, f"{name} has opened nothing"
        media.slip(start_s * SECOND_US, sim.now_us)
    if is_told_once:
        press_play(sim)


def film(number: int) -> Film:
    """Return a film that plays by a right or a wrong clock, of which there are three."""
    return Film(drift_ppm=DRIFTS_PPM[number % len(DRIFTS_PPM)])


def apart_ms(*, is_compensated: bool, seconds: float = 120.0) -> list[float]:
    """Return how far the first picture of a mixed room is from the last one, in ascending order."""
    kinds = [(kind, trip) for kind in (Player15, Player14) for trip in ROUND_TRIPS_MS]
    players = [
        (kind(f"{kind.__name__}/{trip}", film(number)), link(trip, number))
        for number, (kind, trip) in enumerate(kinds)
    ]
    sim = room_of(host(), *players, policy=Policy(legacy_compensation=is_compensated))
    press_play(sim)
    sim.run(CONVERGES_IN_S)
    since_us = sim.now_us
    sim.run(seconds)
    runs = [Run.since(sim.seats[player.account], since_us).looks for player, _ in players]
    errors = [[look.error_us for look in looks] for looks in zip(*runs, strict=True)]
    return sorted((max(each) - min(each)) / 1000 for each in errors)


# -- what else may happen --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slow:
    """What became of a player whose network was too slow for the film for two minutes."""

    seeks: int
    """While its network was slow."""
    seeks_afterwards: int
    room_ran_s: int
    excused_s: int
    parked_s: int
    after: Run
    """What was seen of it in the last half minute, two minutes after its network got well."""


def too_slow(kind: type[Player], throughput: float, *, is_parked: bool = True) -> Slow:
    """Let somebody's network become too slow for the film, and well again after two minutes.

    Unless `is_parked`, the room is one that lets 1.5 do as it would.
    """
    policy = Policy() if is_parked else Policy(park_behind_us=_NEVER_US)
    others = (kind(SLOW), link(100, 1)), (kind("other"), link(100, 2))
    sim = room_of(host(kind), *others, policy=policy)
    press_play(sim)
    sim.run(20)
    seat, ran, excused, parked = sim.seats[SLOW], 0, 0, 0
    media = seat.player.media
    assert media is not None
    media.throughput, before = throughput, media.seeks
    for _ in range(round(_RUNS_DRY_IN_S + 120)):
        sim.run(1)
        watcher = sim.room.roster.watchers[SLOW]
        ran += sim.room.playback.is_running
        excused += watcher.standing == "excused"
        parked += watcher.parked_at_us is not None
    media.throughput, at_last = 8.0, media.seeks
    sim.run(120)
    since_us = sim.now_us - 30 * SECOND_US
    return Slow(
        at_last - before, media.seeks - at_last, ran, excused, parked, Run.since(seat, since_us)
    )


def cut_off(kind: type[Player], seconds: float) -> tuple[Simulation, Run]:
    """Cut one player's cable for so long while the room plays; return what is seen of it after."""
    sim = room_of(host(), (kind("cut"), link(100, 1)), (kind("other"), link(100, 2)))
    press_play(sim)
    sim.run(CONVERGES_IN_S)
    sim.seats["cut"].is_cut = True
    sim.run(seconds)
    sim.mend("cut")
    sim.run(CONVERGES_IN_S)
    since_us = sim.now_us
    sim.run(60)
    return sim, Run.since(sim.seats["cut"], since_us)
