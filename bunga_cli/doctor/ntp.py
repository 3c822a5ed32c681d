"""Whether the system keeps its clock right, as its kernel knows: `adjtimex(2)` on Linux."""

import ctypes
from dataclasses import dataclass

_STA_UNSYNC = 0x0040
_STA_NANO = 0x2000
_TIME_ERROR = 5


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the kernel says. `offset_us` is what is still to be corrected."""

    is_synchronised: bool
    offset_us: int


class _Timex(ctypes.Structure):
    """The beginning of `struct timex`, and room for the rest of it. We ask and change nothing."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def read_clock() -> ClockState | None:
    """Return what the kernel says about the clock, None where it does not."""
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:
        return None
    answer = _Timex()
    state = adjtimex(ctypes.byref(answer))
    return None if state < 0 else clock_state(state, answer.status, answer.offset)


def clock_state(state: int, status: int, offset: int) -> ClockState:
    """Return what the numbers of `adjtimex` mean."""
    is_synchronised = state != _TIME_ERROR and not status & _STA_UNSYNC
    return ClockState(is_synchronised, offset // 1000 if status & _STA_NANO else offset)
