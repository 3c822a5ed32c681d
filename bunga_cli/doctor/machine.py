"""What the machine gives: space, open files, and the time."""

import os
import resource
import shutil
from collections.abc import Iterator

from bunga_cli.doctor.case import Case
from bunga_cli.doctor.findings import Finding, failure, off, ok, warning
from bunga_cli.units import GIB, MIB, readable_size

DISK, OPEN_FILES, CLOCK = "disk", "open files", "clock"

_LITTLE_BYTES = GIB
_NEARLY_NOTHING_BYTES = 50 * MIB
_FEW_FILES = 1_000
_OTHER_FILES = 1_000
"""How many files a server opens besides its players' sockets."""
_LARGE_OFFSET_US = 500_000


def check_disk(case: Case) -> Iterator[Finding]:
    """Look whether there is room."""
    folder = next(path for path in (case.data.path, *case.data.path.parents) if path.exists())
    free = shutil.disk_usage(folder).free
    room = f"{readable_size(free)} are free"
    status = os.statvfs(folder)
    if status.f_files and status.f_favail < _FEW_FILES:
        yield failure(
            DISK,
            f"Only {status.f_favail} more files fit on the disk, whatever their size.",
            "Remove files: df -i tells where there are many.",
        )
    elif free < _NEARLY_NOTHING_BYTES:
        yield failure(DISK, f"{room}: soon nothing can be stored.", "Make room: df -h, du -sh *")
    elif free < _LITTLE_BYTES:
        yield warning(DISK, f"{room}; a backup needs some.", "Make room: df -h, du -sh *")
    else:
        yield ok(DISK, f"{room}.")


def check_open_files(case: Case) -> Iterator[Finding]:
    """Look whether as many players may come as the settings say."""
    if case.place is None:
        yield off(OPEN_FILES, "The settings must be valid first.")
        return
    wanted = case.place.max_connections
    allowed = _open_files(case)
    if allowed == resource.RLIM_INFINITY or allowed >= wanted + _OTHER_FILES:
        yield ok(OPEN_FILES, f"The system allows as many as {wanted} connections need.")
        return
    room = max(0, allowed - _OTHER_FILES)
    yield warning(
        OPEN_FILES,
        f"The system allows {allowed} open files: that is room for {room} connections, not for the"
        f" {wanted} of limits.max_connections.",
        f"Raise it (systemd: LimitNOFILE={wanted + _OTHER_FILES}), or lower that setting.",
    )


def _open_files(case: Case) -> int:
    """Return how many files the server may open; without one, how many a command here may."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    announced = case.server.announced
    if case.is_running and announced and hasattr(resource, "prlimit"):
        try:
            return resource.prlimit(announced.pid, resource.RLIMIT_NOFILE)[1]
        except OSError:  # It is another user's, or in a container.
            return limit
    return limit


def check_clock(case: Case) -> Iterator[Finding]:
    """Look whether somebody keeps the clock right: tokens and times depend on it."""
    state = case.machine.clock()
    if state is None:
        yield off(CLOCK, "This system does not tell whether its clock is kept right.")
    elif not state.is_synchronised:
        yield warning(
            CLOCK,
            "As far as the kernel knows, nothing keeps the clock right. When it goes wrong, tokens"
            " end too early or too late.",
            "sudo timedatectl set-ntp true",
        )
    elif abs(state.offset_us) > _LARGE_OFFSET_US:
        yield warning(
            CLOCK,
            f"The system's clock is {abs(state.offset_us) / 1e6:.1f} s off, and being corrected.",
            "Look again in some minutes; chronyc tracking or timedatectl timesync-status say more.",
        )
    else:
        yield ok(CLOCK, "It is kept right (NTP).")
