"""What the overview shows, made once a second at most for all who look at it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from bunga_cli.api.context import AppContext
from bunga_cli.api.v1 import plugins
from bunga_cli.api.v1.room_models import Room
from bunga_cli.api.v1.status import Moment, Status, show_history, show_status
from bunga_cli.doctor import Case, Finding, examine
from bunga_cli.doctor.examination import CHECKS, LIMIT_S
from bunga_cli.doctor.site import PLUGINS
from bunga_cli.plugin.isolation import in_thread
from bunga_cli.web.remembering import Remembered
from bunga_cli.web.rendering import context_of, macros

SHOWN_ROOMS = 8
_GOOD_FOR_S = 0.5
"""Less than the second that readers wait, more than it takes to serve those who come together."""
_HEALTH_GOOD_FOR_S = 10.0
_FINDINGS_GOOD_FOR_S = 60.0
_CHECKS = tuple(check for check in CHECKS if check.name != PLUGINS)
"""The plugins have a card of their own."""
_PIECES = ("lead", "rooms", "watchers", "messages", "cpu", "memory", "rooms_now", "machine")


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """A room of a channel of this name."""

    room: Room
    name: str


@dataclass(frozen=True, slots=True)
class Look:
    """The server at one moment. `busy`: in how many rooms somebody is; `rooms` are some of them."""

    status: Status
    history: Sequence[Moment]
    rooms: Sequence[LiveRoom]
    busy: int
    _pieces: dict[str, dict[str, str]] = field(default_factory=dict)

    def pieces(self, language: str) -> dict[str, str]:
        """Return the parts of the page that change, by their names, as HTML."""
        if language not in self._pieces:
            made = macros(language, "parts/overview.html")
            self._pieces[language] = {name: str(made[name](self)) for name in _PIECES}
        return self._pieces[language]

    @property
    def messages(self) -> list[float]:
        """How many messages there were a second, in the last minute."""
        return [one.messages_in_per_s + one.messages_out_per_s for one in self.history]

    @property
    def messages_now(self) -> float:
        """How many messages there are a second."""
        return self.status.messages_in_per_s + self.status.messages_out_per_s


class Board:
    """What there is to see of a server; checks of it are made when somebody asks for them."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._look = Remembered(self._see, _GOOD_FOR_S)
        self._health = Remembered(self._check_plugins, _HEALTH_GOOD_FOR_S)
        self._findings = Remembered(self._examine, _FINDINGS_GOOD_FOR_S)

    async def look(self) -> Look:
        """Return how things are, as of a moment ago."""
        return await self._look.get()

    async def health(self) -> list[plugins.CheckedPlugin]:
        """Return how the plugins do; this may take seconds."""
        return await self._health.get()

    async def findings(self) -> list[Finding]:
        """Return what the doctor finds, as of the last minute; this may take half of one."""
        return await self._findings.get()

    async def _see(self) -> Look:
        context = self._context
        views, busy = context.hub.busiest(SHOWN_ROOMS)
        channels = await context.store.channels.some([view.channel_id for view in views])
        names = {channel.id: channel.name for channel in channels}
        return Look(
            status=await show_status(context),
            history=(await show_history(context)).moments,
            rooms=[LiveRoom(Room.of(v), names.get(v.channel_id, v.channel_id)) for v in views],
            busy=busy,
        )

    async def _check_plugins(self) -> list[plugins.CheckedPlugin]:
        return (await plugins.list_plugins(self._context)).plugins

    async def _examine(self) -> list[Finding]:
        """Look as `bunga doctor` does, at the public address too: its certificate may be ending."""
        data = self._context.data

        def look() -> list[Finding]:
            return [*examine(Case.open(data), _CHECKS)]

        return await in_thread(look, 2 * LIMIT_S, "doctor")


def board_of(request: Request) -> Board:
    """Return the board of this server, which all its admins look at."""
    state = request.app.state
    if not hasattr(state, "board"):
        state.board = Board(context_of(request))
    board: Board = state.board
    return board
