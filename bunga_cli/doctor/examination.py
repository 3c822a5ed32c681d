"""All checks, side by side, each with a time limit, told in one order.

A check runs in a thread of its own that nobody waits for in the end: what hangs in a name look-up
or on a dead disk cannot be called back.
"""

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from bunga_cli.doctor import files, machine, public, site
from bunga_cli.doctor.case import Case
from bunga_cli.doctor.findings import Finding, failure
from bunga_cli.plugin.isolation import describe

LIMIT_S = 30.0
_END = None


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. `name` is told where it fails or takes too long."""

    name: str
    run: Callable[[Case], Iterator[Finding]]


CHECKS = (
    Check(site.SETTINGS, site.check_settings),
    Check(files.FOLDER, files.check_folder),
    Check(files.DATABASE, files.check_database),
    Check(machine.DISK, machine.check_disk),
    Check(machine.OPEN_FILES, machine.check_open_files),
    Check(machine.CLOCK, machine.check_clock),
    Check(site.SERVER, site.check_server),
    Check(site.PORT, site.check_port),
    Check(public.ADDRESS, public.check_public),
    Check(site.PLUGINS, site.check_plugins),
    Check(site.CHANNELS, site.check_channels),
    Check(site.ADMINS, site.check_admins),
)


def examine(
    case: Case, checks: Sequence[Check] = CHECKS, limit_s: float = LIMIT_S
) -> Iterator[Finding]:
    """Yield what all checks find, in the order of the checks, as soon as it is known."""
    deadline = monotonic() + limit_s
    running = [(check, _started(check, case)) for check in checks]
    for check, found in running:
        yield from _until(deadline, check, found, limit_s)


def _started(check: Check, case: Case) -> "queue.SimpleQueue[Finding | None]":
    found: queue.SimpleQueue[Finding | None] = queue.SimpleQueue()
    threading.Thread(target=_run, args=(check, case, found), daemon=True).start()
    return found


def _run(check: Check, case: Case, found: "queue.SimpleQueue[Finding | None]") -> None:
    try:
        for finding in check.run(case):
            found.put(finding)
    except Exception as error:  # noqa: BLE001  one check is kept apart from the others
        advice = "The other checks are not concerned."
        found.put(failure(check.name, f"It could not be looked at: {describe(error)}", advice))
    found.put(_END)


def _until(
    deadline: float, check: Check, found: "queue.SimpleQueue[Finding | None]", limit_s: float
) -> Iterator[Finding]:
    while True:
        try:
            finding = found.get(timeout=max(0, deadline - monotonic()))
        except queue.Empty:
            text = f"It took more than {limit_s:g} s to look at."
            yield failure(check.name, text, "Something does not answer: try again later.")
            return
        if finding is _END:
            return
        yield finding
