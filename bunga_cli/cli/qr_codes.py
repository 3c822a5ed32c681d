"""QR codes for cameras that look at a terminal."""

import io


def qr_code(text: str) -> str:
    """Return lines of half blocks that show `text`, dark on light in any terminal."""
    import segno

    drawn = io.StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue().rstrip("\n")
