"""Recorded sessions of the original server, played to ours.

Frames are compared per client in order, positions within 250 ms. A `channel-status` is a sample of
the room, taken each second at a moment of the server's choosing; so each recorded one must agree
with one of ours taken within the same second, unless the room changed in that second.
Every difference is on purpose and stands in `DIFFERENCES`, with the
reason; one that does not occur any more fails the test as well.

They are played in virtual time, so that what takes part in the comparison is our timing alone, and
never the machine's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from tests.recordings.replay import DATA, Frame, Heard, Recording, Replay
from tests.recordings.rooms import serving_rooms
from tests.virtual_time import run_in_virtual_time

POSITION_TOLERANCE_US = 250_000
HEARTBEAT_MS = 1200
"""How far apart the samples of one and the same state may be: both servers take one a second."""

OURS_BESIDE = ("play-at", "buffer-state-changed")
"""1.4's codes: more frames than the original sent, which spoke 1.5's language only."""

GRACE = "a lost or silent watcher keeps its place for its grace"
NOT_JOINED = "acting without having joined is answered with who-are-you"
REFUSED = "a malformed, mistyped or unknown frame is answered with an error to its sender"
FOREIGN = "an identity that is not the account's is refused"
EMPTY = "joining a room without a projection gets no start-projection"
KEPT = "what is forwarded carries the resulting position"
FINISHED = "no end is believed within 10 s of a projection"
FORWARDED = "share-sub is forwarded"


@dataclass(frozen=True)
class Difference:
    """Frames of `code` that one client gets from one server only, or whose `field` differs.

    `sign` is `-` for frames of the original that ours does not send, `+` for the reverse, `~` for
    a field whose value differs; `count` is how many.
    """

    recording: str
    client: str
    sign: str
    code: str
    why: str
    count: int = 1
    field: str = ""


DIFFERENCES = [
    Difference("s03_join_empty", "alice", "-", "start-projection", EMPTY),
    Difference("s07_bye", "carol", "+", "error", "no who-are-you within 5 s of the own bye"),
    Difference("s07_bye", "carol", "-", "who-are-you", "no who-are-you within 5 s of the own bye"),
    Difference("s08_stale_watcher", "alice", "-", "bye", GRACE),
    Difference("s08_stale_watcher", "alice", "-", "aloha", GRACE),
    Difference("s08_stale_watcher", "bob", "-", "bye", GRACE),
    Difference("s08_stale_watcher", "bob", "-", "who-are-you", GRACE),
    Difference("s08_stale_watcher", "bob", "~", "here-are", GRACE, field="watchers"),
    Difference("s09_disconnect_without_bye", "alice", "-", "bye", GRACE, 2),
    Difference("s12_start_projection", "alice", "-", "start-projection", EMPTY),
    Difference("s12_start_projection", "bob", "-", "start-projection", EMPTY),
    Difference("s18_pause", "alice", "~", "pause", KEPT, 3, "position"),
    Difference("s18_pause", "bob", "~", "pause", KEPT, 3, "position"),
    Difference("s19_seek", "alice", "-", "seek", REFUSED, 3),
    Difference("s19_seek", "bob", "-", "seek", REFUSED, 2),
    Difference("s19_seek", "bob", "+", "error", REFUSED, 3),
    Difference("s21_play_finished", "alice", "+", "error", FINISHED),
    Difference("s21_play_finished", "bob", "+", "error", FINISHED),
    Difference("s26_reactions", "alice", "-", "danmaku", REFUSED, 2),
    Difference("s26_reactions", "bob", "-", "danmaku", REFUSED, 2),
    Difference("s26_reactions", "carol", "-", "danmaku", REFUSED, 2),
    Difference("s26_reactions", "alice", "-", "spark", REFUSED),
    Difference("s26_reactions", "bob", "-", "spark", REFUSED),
    Difference("s26_reactions", "carol", "-", "spark", REFUSED),
    Difference("s26_reactions", "alice", "+", "error", REFUSED, 3),
    Difference("s26_reactions", "alice", "+", "share-sub", FORWARDED),
    Difference("s26_reactions", "bob", "+", "share-sub", FORWARDED),
    Difference("s26_reactions", "carol", "+", "share-sub", FORWARDED),
    Difference("s26_reactions", "carol", "+", "who-are-you", NOT_JOINED),
    Difference("s30_unknown_codes", "alice", "+", "error", REFUSED, 14),
    Difference("s33_foreign_id", "alice", "-", "here-are", FOREIGN, 2),
    Difference("s33_foreign_id", "alice", "-", "aloha", FOREIGN, 2),
    Difference("s33_foreign_id", "alice", "-", "start-projection", FOREIGN, 2),
    Difference("s33_foreign_id", "alice", "-", "bye", FOREIGN),
    Difference("s33_foreign_id", "alice", "+", "error", FOREIGN, 2),
    Difference("s33_foreign_id", "alice", "~", "danmaku", FOREIGN, field="sender"),
    Difference("s33_foreign_id", "bob", "-", "aloha", FOREIGN),
    Difference("s33_foreign_id", "bob", "-", "bye", FOREIGN),
    Difference("s33_foreign_id", "bob", "~", "danmaku", FOREIGN, field="sender"),
]

STATUS_DIFFERENCES: dict[str, tuple[float, float, set[str], str]] = {
    "s08_stale_watcher": (7000, 9900, {"watchers"}, GRACE),
    "s09_disconnect_without_bye": (2300, 9999, {"watchers"}, GRACE),
    "s19_seek": (4830, 9999, {"position"}, REFUSED),
    "s21_play_finished": (3024, 9999, {"position", "play_status"}, FINISHED),
}
"""From when to when (ms) the samples of a recording differ, in what, and why."""

RECORDINGS = [Recording.load(path) for path in sorted(DATA.glob("*.json"))]
PLAYED = [recording for recording in RECORDINGS if recording.name != "s35_auth"]


async def _played(recording: Recording, server: Path) -> Replay:
    replay = Replay(recording, server)
    async with serving_rooms(server):
        await replay.run()
    return replay


@pytest.mark.parametrize("recording", PLAYED, ids=lambda recording: recording.name)
def test_a_recorded_session_plays_as_it_did(recording: Recording, tmp_path: Path) -> None:
    replay = run_in_virtual_time(_played(recording, tmp_path / "server"))
    problems: list[str] = []
    for client, recorded in recording.received.items():
        differences = [
            d for d in DIFFERENCES if (d.recording, d.client) == (recording.name, client)
        ]
        heard = [h.frame for h in replay.heard[client]]
        problems += _compare(
            client, _events(h.frame for h in recorded), _events(heard), differences
        )
        problems += _compare_samples(recording.name, client, recorded, replay.heard[client])
    assert not problems, "\n".join(problems)


def _events(frames: Iterable[Frame]) -> list[Frame]:
    return [
        _normal(frame) for frame in frames if frame["code"] not in (*OURS_BESIDE, "channel-status")
    ]


def _normal(frame: Frame) -> Frame:
    """Sets have no order on either server."""
    return {
        key: sorted(value) if key in ("buffering", "talking") else value
        for key, value in frame.items()
    }


def _compare(
    client: str, theirs: list[Frame], ours: list[Frame], differences: list[Difference]
) -> list[str]:
    """Walk through both lists; where they part, a difference must say so."""
    left = {difference: difference.count for difference in differences}
    problems: list[str] = []
    i = j = 0
    while i < len(theirs) or j < len(ours):
        their = theirs[i] if i < len(theirs) else None
        our = ours[j] if j < len(ours) else None
        if their is not None and our is not None and _match(their, our, left):
            i, j = i + 1, j + 1
        elif their is not None and _overtake(their, ours, j):
            continue
        elif our is not None and _use(left, "+", our):
            j += 1
        elif their is not None and _use(left, "-", their):
            i += 1
        else:
            return [*problems, f"{client}: expected {their}, got {our}"]
    return [*problems, *(f"{client}: {n} x not seen: {d}" for d, n in left.items() if n)]


def _overtake(their: Frame, ours: list[Frame], j: int) -> bool:
    """Bring a frame forward that others overtook: order is kept per sender, not between them."""
    for k in range(j + 1, min(j + 3, len(ours))):
        overtakers = [our["sender"] for our in ours[j:k]]
        if _match(their, ours[k], {}) and ours[k]["sender"] not in overtakers:
            ours.insert(j, ours.pop(k))
            return True
    return False


def _use(left: dict[Difference, int], sign: str, frame: Frame, field: str = "") -> bool:
    for difference, count in left.items():
        if count and (difference.sign, difference.code, difference.field) == (
            sign,
            frame["code"],
            field,
        ):
            left[difference] -= 1
            return True
    return False


def _match(their: Frame, our: Frame, left: dict[Difference, int]) -> bool:
    if their["code"] != our["code"] or not their.keys() <= our.keys():
        return False
    wrong = [key for key in our if not _same(key, their.get(key), our[key])]
    return all(_use(left, "~", our, field) for field in wrong)


def _same(key: str, their: object, our: object) -> bool:
    if key == "position" and isinstance(their, int) and isinstance(our, int):
        return abs(their - our) <= POSITION_TOLERANCE_US
    return their == our


def _compare_samples(
    name: str, client: str, recorded: list[Heard], heard: list[Heard]
) -> list[str]:
    ours = [h for h in heard if h.frame["code"] == "channel-status"]
    gaps = [later.t_ms - sooner.t_ms for sooner, later in pairwise(ours)]
    problems = [f"{client}: {gap} ms without a heartbeat" for gap in gaps if gap > HEARTBEAT_MS]
    for sample in recorded:
        if sample.frame["code"] == "channel-status":
            start, end, aspects, _why = STATUS_DIFFERENCES.get(name, (0, 0, set(), ""))
            differs_in = aspects if start <= sample.t_ms <= end else set()
            if not _is_confirmed(sample, ours, differs_in):
                problems.append(f"{client} at {sample.t_ms}: {sample.frame}")
    return problems


def _is_confirmed(sample: Heard, ours: list[Heard], differs_in: set[str]) -> bool:
    """True if one of our samples around it says the same, or they say that the room changed."""
    before = [h for h in ours if 0 <= sample.t_ms - h.t_ms <= HEARTBEAT_MS]
    after = [h for h in ours if 0 < h.t_ms - sample.t_ms <= HEARTBEAT_MS]
    if any(_same_sample(sample, our, differs_in) for our in before + after):
        return True
    if not before or not after:
        # Before our first one, or after our last one, only the room's other samples can speak.
        return sample.t_ms < ours[0].t_ms or sample.t_ms > ours[-1].t_ms
    return not _same_sample(before[-1], after[0], differs_in)


def _same_sample(theirs: Heard, ours: Heard, differs_in: set[str]) -> bool:
    """Compare two samples but for the aspects in which they are to differ."""
    return all(
        agrees for aspect, agrees in _agreements(theirs, ours).items() if aspect not in differs_in
    )


def _agreements(theirs: Heard, ours: Heard) -> dict[str, bool]:
    their, our = theirs.frame, ours.frame
    elapsed_us = (theirs.t_ms - ours.t_ms) * 1000 if our["play_status"] == "playing" else 0
    # The original goes on calling those ready who left.
    ready = set(their["ready_ids"]) & set(their["watcher_ids"])
    off_us = abs(their["position"] - our["position"] - elapsed_us)
    return {
        "watchers": their["watcher_ids"] == our["watcher_ids"] and ready == set(our["ready_ids"]),
        "position": off_us <= POSITION_TOLERANCE_US,
        "play_status": their["play_status"] == our["play_status"],
    }
