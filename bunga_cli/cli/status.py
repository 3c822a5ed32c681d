"""`bunga status`: how the running server is doing."""

from typing import Any

from bunga_cli.cli import local_api, output
from bunga_cli.cli.options import DataOption, JsonOption, find_data
from bunga_cli.units import DAY, HOUR, MINUTE, SECOND, format_duration


def status(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Tell how the running server is doing.

    Rates and the use of the processor are averages of the last 10 seconds.
    """
    found = local_api.call(find_data(data), "GET", "status")
    if as_json:
        output.document(found)
    else:
        output.fields(_facts(found))


def _facts(found: dict[str, Any]) -> dict[str, object]:
    started = output.moment(found["started_at"])
    limit = found["max_open_files"]
    return {
        "version": f"{found['version']}, on Python {found['python']}",
        "running": f"for {_duration(found['uptime_s'])}, since {started}",
        "rooms": f"{found['rooms']:,}, watchers: {found['watchers']:,}",
        "connections": f"{found['connections']:,}",
        "messages in": _messages(found, "in"),
        "messages out": _messages(found, "out"),
        "processor": f"{found['cpu_percent']:.1f} % of one core",
        "memory": f"{found['memory_bytes'] / 2**20:,.0f} MiB",
        "open files": f"{found['open_files']:,}" + (f" of {limit:,}" if limit else ""),
    }


def _messages(found: dict[str, Any], way: str) -> str:
    return f"{found[f'messages_{way}_per_s']:,.1f} a second, {found[f'messages_{way}']:,} in all"


def _duration(seconds: int) -> str:
    """Return a duration in its two largest units, such as `3d4h`."""
    whole = seconds * SECOND
    coarse = next((less for unit, less in _COARSE if whole >= unit), SECOND)
    return format_duration(whole - whole % coarse)


_COARSE = ((DAY, HOUR), (HOUR, MINUTE))
