"""Texts from elsewhere, before they come into logs, answers and people's terminals."""

MAX_CHARACTERS = 200


def one_line(text: str, max_characters: int = MAX_CHARACTERS) -> str:
    """Return a text of a service or a client as one short line without control characters.

    Spaces and line breaks become single spaces. Cut it where it enters: a text of megabytes
    would be kept, logged and answered as a whole.
    """
    words = text[: 4 * max_characters].split()
    line = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for letter in " ".join(words)
    )
    is_whole = len(line) <= max_characters and len(text) <= 4 * max_characters
    return line if is_whole else f"{line[: max_characters - 1]}…"
