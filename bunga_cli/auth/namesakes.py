"""People who cannot be told apart by what they are called."""

from collections.abc import Sequence

from bunga_cli.errors import Invalid

_WORDS = {2: "Two", 3: "Three", 4: "Four", 5: "Five"}


def several(name: str, ids: Sequence[str]) -> Invalid:
    """Return the refusal to choose one of them."""
    count = _WORDS.get(len(ids), str(len(ids)))
    return Invalid(f"{count} watchers are called {name}: name one by id: {', '.join(ids)}.")
