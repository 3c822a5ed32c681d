"""A plot of some lines as SVG, small enough to be kept beside the figures."""

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 760, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 12, 34, 42
_COLOURS = ("#3366cc", "#cc5533", "#339966", "#8855bb", "#997711", "#117799")

Points = Sequence[tuple[float, float | None]]


class Axis:
    """Leads from values to pixels."""

    def __init__(self, low: float, high: float, begin: float, end: float) -> None:
        self.low, self.high = low, high
        self._begin, self._scale = begin, (end - begin) / ((high - low) or 1)

    def __call__(self, value: float) -> float:
        return round(self._begin + (value - self.low) * self._scale, 1)

    def ticks(self, count: int) -> list[float]:
        """Return about `count` round values."""
        rough = (self.high - self.low) / count
        size = 10.0 ** (len(str(int(max(rough, 1)))) - 1)
        step = next((m * size for m in (1, 2, 5) if m * size >= rough), 10 * size)
        first = int(-(-self.low // step))
        return [i * step for i in range(first, int(self.high // step) + 1)]


def thinned(points: Points, most: int = 250) -> list[tuple[float, float | None]]:
    """Return at most `most` points: of each stretch the value that is the farthest from 0."""
    size = max(1, -(-len(points) // most))
    found: list[tuple[float, float | None]] = []
    for i in range(0, len(points), size):
        stretch = points[i : i + size]
        known = [value for _, value in stretch if value is not None]
        found.append((stretch[0][0], max(known, key=abs) if known else None))
    return found


def plot(title: str, lines: dict[str, Points], *, limit: float, band: float) -> str:
    """Draw lines over seconds; `limit`: what the axis shows at most, `band`: what is good."""
    thin = {name: thinned(points) for name, points in lines.items()}
    ends = [moment for points in thin.values() for moment, _ in points] or [0.0, 1.0]
    x = Axis(min(ends), max(ends), _LEFT, WIDTH - _RIGHT)
    y = Axis(-limit, limit, HEIGHT - _BOTTOM, _TOP)
    parts = [_head(title), _band(x, y, band), *_grid(x, y), *_lines(thin, x, y), "</svg>"]
    return "\n".join(parts) + "\n"


def _head(title: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12" fill="#444">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n'
        f'<text x="{_LEFT}" y="18" font-size="14">{escape(title)}</text>'
    )


def _band(x: Axis, y: Axis, band: float) -> str:
    left, top = x(x.low), y(band)
    size = f'width="{x(x.high) - left:g}" height="{y(-band) - top:g}"'
    return f'<rect x="{left}" y="{top}" {size} fill="#e6f2e6"/>'


def _grid(x: Axis, y: Axis) -> list[str]:
    found = []
    for tick in y.ticks(6):
        found.append(f'<path d="M{_LEFT} {y(tick)}H{WIDTH - _RIGHT}" stroke="#ccc"/>')
        found.append(f'<text x="{_LEFT - 6}" y="{y(tick) + 4:g}" text-anchor="end">{tick:g}</text>')
    below = HEIGHT - _BOTTOM + 16
    found += [f'<text x="{x(tick)}" y="{below}">{tick:g}</text>' for tick in x.ticks(8)]
    found.append(f'<text x="{_LEFT}" y="{HEIGHT - 6}">seconds after the start; ms apart</text>')
    return found


def _lines(lines: dict[str, list[tuple[float, float | None]]], x: Axis, y: Axis) -> list[str]:
    found = []
    for number, (name, points) in enumerate(lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        found.append(f'<path d="{_path(points, x, y)}" fill="none" stroke="{colour}"/>')
        place = f'x="{WIDTH - _RIGHT}" y="{18 + 14 * number}" text-anchor="end"'
        found.append(f'<text {place} fill="{colour}">{escape(name)}</text>')
    return found


def _path(points: Points, x: Axis, y: Axis) -> str:
    """Return the way along the points that are known; the others are gaps."""
    parts, is_drawing = [], False
    for moment, value in points:
        if value is not None:
            inside = max(y.low, min(y.high, value))
            parts.append(f"{'L' if is_drawing else 'M'}{x(moment)} {y(inside)}")
        is_drawing = value is not None
    return "".join(parts)
