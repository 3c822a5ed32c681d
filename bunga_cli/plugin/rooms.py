"""Where plugins meet the rooms: asked on the hot path, told beside it."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bunga_cli.plugin.clocks import Reading, reading
from bunga_cli.plugin.hooks import Hook
from bunga_cli.plugin.isolation import LONGEST_SENTENCE
from bunga_cli.plugin.listener import Listener
from bunga_cli.plugin.parts import Part
from bunga_cli.plugin.providers import ActionRequest, RoomEvent, Verdict
from bunga_cli.plugin.texts import one_line

BUDGET_S = 0.005
STRIKES = 10
STRIKES_WITHIN_CALLS = 1000
CLOSE_CALLS = 200
"""After one that may have slept, as many calls are looked at closely."""

_SLOW = f"It took longer than {BUDGET_S * 1000:g} ms."

Authorise = Callable[[ActionRequest], Verdict | None]
Tell = Callable[[RoomEvent], None]


@dataclass(slots=True)
class RoomHooks:
    """What rooms ask and tell; None where no plugin listens, which then costs them nothing."""

    authorise: Authorise | None = None
    tell: Tell | None = None
    is_silent: bool = True

    def set(self, authorise: Authorise | None, tell: Tell | None) -> None:
        """Ask and tell these from now on, in all rooms."""
        self.authorise, self.tell = authorise, tell
        self.is_silent = authorise is None and tell is None


class Authoriser:
    """One plugin's `bunga_authorise`, with a budget.

    Ten strikes end it, however much time lies between, unless a thousand calls do: anybody has
    bad luck now and then, such as to be who collects garbage. What computes too long is known at
    once; what sleeps only where it was looked at closely, as are the first calls, and those after
    one that was not and may have slept. `note` is told what is wrong, and None when it is right
    again.
    """

    def __init__(self, hook: Hook, part: Part, note: Callable[[str | None], None]) -> None:
        self.hook = hook
        self._part, self._note = part, note
        self._strikes: deque[int] = deque(maxlen=STRIKES)
        self._calls, self._closely_until = 0, CLOSE_CALLS
        self._is_failing = False

    def ask(self, request: ActionRequest) -> Verdict | None:
        """Return the plugin's answer, None if it has none to give."""
        if self._part.why_off:
            return None
        self._calls += 1
        before = reading(closely=self._calls <= self._closely_until)
        try:
            verdict, problem = self._part.call(self._judge, request)
        except Exception as error:  # noqa: BLE001  a plugin is isolated
            verdict, problem = None, self._part.describe(error)
        took_s = time.perf_counter() - before.wall_s
        is_late = took_s > BUDGET_S and self._is_to_blame(before)
        if problem:
            self._fail(problem)
        elif is_late or self._is_failing:
            self._on_right(is_late=is_late)
        return verdict

    def _is_to_blame(self, before: Reading) -> bool:
        """Return whether a call that took long did so by its own fault, for all that is known."""
        is_close = before.queued is not None
        now = reading(closely=is_close)
        if before.computed_s(now) > BUDGET_S:
            return True
        if before.slept_s(now) <= BUDGET_S:
            return False
        self._closely_until = self._calls + CLOSE_CALLS
        return is_close

    def _on_right(self, *, is_late: bool) -> None:
        """Take note of an answer that is as it must be, but for its time."""
        if self._is_failing:
            self._is_failing = False
            self._note(None)
        if is_late:
            self._strike(_SLOW)

    def _judge(self, request: ActionRequest) -> tuple[Verdict | None, str]:
        """Return an answer that can be passed on, and what was wrong with it."""
        verdict = self.hook(request=request)
        if verdict is None:
            return None, ""
        if not isinstance(verdict, Verdict):
            return None, f"It returned a value of type {type(verdict).__name__}, not Verdict."
        allowed: object = verdict.allowed
        reason: object = verdict.reason
        if type(allowed) is not bool:
            return None, f"Its verdict is {type(allowed).__name__}, not True or False."
        if type(reason) is str and len(reason) <= LONGEST_SENTENCE and reason.isprintable():
            return verdict if type(verdict) is Verdict else Verdict(allowed, reason), ""
        shown = one_line(reason, LONGEST_SENTENCE) if isinstance(reason, str) else ""
        return Verdict(allowed, shown), "The reason of its verdict is no short line of text."

    def _fail(self, problem: str) -> None:
        self._is_failing = True
        if not self._part.why_off:
            self._note(problem)
            self._strike(problem)

    def _strike(self, why: str) -> None:
        self._strikes.append(self._calls)
        since = self._calls - self._strikes[0]
        if len(self._strikes) == STRIKES and since < STRIKES_WITHIN_CALLS:
            self._part.switch_off(f"It failed {STRIKES} times; the last time: {why}")


class Authorisers:
    """The hooks of all plugins, asked in order until one answers."""

    def __init__(self, authorisers: list[Authoriser]) -> None:
        self._authorisers = authorisers

    def __call__(self, request: ActionRequest) -> Verdict | None:
        """Return the first answer."""
        for authoriser in self._authorisers:
            verdict = authoriser.ask(request)
            if verdict is not None:
                return verdict
        return None


class Listeners:
    """All plugins that want to know."""

    def __init__(self, listeners: list[Listener]) -> None:
        self._listeners = listeners

    def __call__(self, event: RoomEvent) -> None:
        """Tell all."""
        for listener in self._listeners:
            listener.tell(event)
