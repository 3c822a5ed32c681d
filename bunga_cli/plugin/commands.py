"""What the command line offers to the commands of plugins."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

OUR_COMMANDS = frozenset(
    {
        "accounts",
        "admins",
        "audit",
        "backup",
        "channels",
        "completion",
        "config",
        "doctor",
        "logs",
        "plugins",
        "restore",
        "rooms",
        "secret",
        "serve",
        "status",
        "tokens",
    }
)
"""Names of which the commands of a plugin could not be reached."""


class Console(Protocol):
    """The way from a plugin's command to the running server, and to the person."""

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return what the running server answers as its owner, on an encoded path below its root.

        Raises BungaError when no server runs, or with the reason of a refusal.
        """

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Print rows in columns."""

    def document(self, value: object) -> None:
        """Print a value as JSON."""

    def note(self, sentence: str) -> None:
        """Tell the person something that is not data."""

    def qr_code(self, text: str) -> None:
        """Show a text as a QR code, for a phone that looks at the terminal."""
