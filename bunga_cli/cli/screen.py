"""The whole terminal, for a view that is drawn again and again.

`output` prints lines that stay; this draws what passes. Whatever ends the command, the terminal is
as it was before: the lines of the shell, the cursor, and keys that are shown when they are typed.
"""

import os
import signal
import sys
import termios
import tty
from types import TracebackType
from typing import TYPE_CHECKING, Self

from bunga_cli.errors import BungaError

if TYPE_CHECKING:
    from rich.console import RenderableType

_MAX_KEYS = 64
_STALE = frozenset({"COLUMNS", "LINES"})


class Screen:
    """The terminal, ours from `with` on. Raises BungaError if there is none."""

    def __init__(self) -> None:
        from rich.console import Console

        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            raise BungaError(
                "This draws on a terminal, and here is none:"
                " `bunga rooms show` and `bunga rooms events` write into a pipe."
            )
        # Who started us may have left the size of a window that was: only the terminal knows.
        environ = {name: value for name, value in os.environ.items() if name not in _STALE}
        self._console = Console(highlight=False, emoji=False, markup=False, _environ=environ)
        if self._console.is_dumb_terminal:
            raise BungaError("This terminal cannot be drawn on: it says TERM=dumb.")
        self.keys_fd = sys.stdin.fileno()

    @property
    def height(self) -> int:
        """How many lines there are now."""
        return self._console.size.height

    @property
    def width(self) -> int:
        """How many columns there are now."""
        return self._console.size.width

    def __enter__(self) -> Self:
        """Take the terminal."""
        from rich.live import Live

        self._keys_before = termios.tcgetattr(self.keys_fd)
        tty.setcbreak(self.keys_fd)
        self._live = Live(
            "",
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Give the terminal back."""
        try:
            self._live.stop()
        finally:
            termios.tcsetattr(self.keys_fd, termios.TCSADRAIN, self._keys_before)

    def draw(self, picture: "RenderableType") -> None:
        """Show this in place of what was there."""
        self._live.update(picture, refresh=True)

    def keys(self) -> str:
        """Return what was typed; call it when there is something to read."""
        return os.read(self.keys_fd, _MAX_KEYS).decode(errors="replace")

    def stand_back(self) -> None:
        """Give the terminal back while the person does something else (Ctrl-Z)."""
        self.__exit__(None, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        self.__enter__()
