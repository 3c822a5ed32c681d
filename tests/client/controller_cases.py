"""The cases that both controllers go through, in Python and in JavaScript: `tests/data/controller`.

`python -m tests.client.controller_cases` writes them anew, with what the one in Python makes of
them; a test compares. Each begins with what is known of a player, and has rows: what is called,
when, and with what; which action comes back; and which lessons were learned by it. In microseconds.
"""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from bunga_cli.client.controller import About, Controller, Learned, SeekAhead, SetRate

FOLDER = Path(__file__).parents[1] / "data" / "controller"
TICK_US = 25_000

Case = dict[str, Any]


class Notebook(Learned):
    """Knows what it is told to, and writes down what it should learn."""

    def __init__(self, known: dict[About, float]) -> None:
        super().__init__()
        self.known = known
        self.noted: list[tuple[About, float]] = []

    def get(self, about: About) -> float:
        return self.known.get(about, 0)

    def adjust(self, about: About, by_us: float) -> None:
        self.noted.append((about, round(by_us, 3)))

    def read(self) -> list[tuple[About, float]]:
        noted, self.noted = self.noted, []
        return noted


class Recorder:
    """Calls a controller and writes down what comes of it. Ticks come a little late, as they do."""

    def __init__(self, known: dict[About, float], seed: int) -> None:
        self.known, self.rows = known, list[list[Any]]()
        self._notebook = Notebook(known)
        self._controller = Controller(self._notebook)
        self._dice, self.now_us, self.rate = Random(seed), 1_000_000, 1.0

    def observe(self, error_us: float) -> SetRate | SeekAhead | None:
        self.now_us += TICK_US + self._dice.randrange(4_000)
        error_us = round(error_us + self._dice.uniform(-100, 100))
        action = self._controller.observe(self.now_us, error_us)
        self._note("observe", [error_us], action)
        return action

    def started(self, about: About, expected_us: int) -> None:
        self._controller.started(self.now_us, about, expected_us)
        self._note("started", [about, expected_us], None)

    def interrupted(self) -> None:
        self._controller.interrupted(self.now_us)
        self._note("interrupted", [], None)

    def play(self, error_us: float, ticks: int, displacement_us: float = 0) -> float:
        """Let a player run that obeys; return how far it is ahead then."""
        for _ in range(ticks):
            before_us = self.now_us
            action = self.observe(error_us)
            error_us += (self.now_us - before_us) * (self.rate - 1)
            if isinstance(action, SetRate):
                error_us += displacement_us if action.rate == 1 else 0
                self.rate = action.rate
            elif action is not None:
                error_us = action.by_us - 60_000
        return error_us

    def _note(self, what: str, given: list[Any], action: SetRate | SeekAhead | None) -> None:
        wanted: list[Any] = []
        if isinstance(action, SetRate):
            wanted = ["rate", round(action.rate, 9)]
        elif action is not None:
            wanted = ["seek", action.by_us]
        self.rows.append([what, self.now_us, given, wanted, self._notebook.read()])

    @property
    def case(self) -> Case:
        return {"known": self.known, "rows": self.rows}


def _episodes(recorder: Recorder) -> None:
    recorder.play(-60_000, 160, displacement_us=-17_500)


def _a_start(recorder: Recorder) -> None:
    recorder.started("afterSeek", -800)
    recorder.play(45_000, 60)


def _seeks(recorder: Recorder) -> None:
    """Five times something throws it back; after three seeks within 10 s it is left there."""
    for _ in range(5):
        recorder.play(-7_000_000, 30)


def _what_rates_cannot_do(recorder: Recorder) -> None:
    """Each episode is undone; then one that is nearly good, and does not get better."""
    for _ in range(3):
        recorder.play(200_000, 12)
        while recorder.rate != 1:
            recorder.play(200_000, 1)
    for _ in range(4):
        recorder.play(3_300, 45)


def _interruptions(recorder: Recorder) -> None:
    recorder.play(300_000, 12)
    recorder.interrupted()
    recorder.rate = 1.0
    recorder.play(2_500, 30)
    recorder.play(-3_000_000, 10)
    for _ in range(20):
        recorder.now_us += TICK_US
        recorder.interrupted()
    recorder.play(-90_000, 24)


CASES: dict[str, tuple[Callable[[Recorder], None], dict[About, float]]] = {
    "episodes": (_episodes, {"displacement": -12_000}),
    "a-start": (_a_start, {}),
    "seeks": (_seeks, {"seek": 45_000}),
    "what-rates-cannot-do": (_what_rates_cannot_do, {}),
    "interruptions": (_interruptions, {"displacement": 3_000, "seek": 20_000}),
}


def files() -> dict[str, str]:
    """Return the text of each file by its name."""
    made = {}
    for seed, (name, (happen, known)) in enumerate(CASES.items()):
        recorder = Recorder(known, seed)
        happen(recorder)
        made[f"{name}.json"] = _text(recorder.case)
    return made


def _text(case: Case) -> str:
    rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in case["rows"])
    return f'{{"known":{json.dumps(case["known"])},"rows":[\n{rows}\n]}}\n'


if __name__ == "__main__":
    for file, text in files().items():
        (FOLDER / file).write_text(text, "utf-8")
