"""What 1.4 and 1.5 are told, where it is made in another way than the rest."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.protocol import v1
from bunga_cli.sync.events import Status

ids = st.lists(st.text() | st.just('"position":5,"play_status":"paused"'), max_size=3).map(tuple)
words = st.sampled_from(["paused", "pending", "playing"])
places = st.integers(0, 2**53)
statuses = st.builds(Status, ids, ids, ids, ids, places, words)


@given(statuses, places, words)
def test_a_status_for_another_delay_is_what_it_would_be_by_itself(
    status: Status, position_us: int, play_status: str
) -> None:
    other = replace(status, position_us=position_us, play_status=play_status)

    made = v1.encode_elsewhere(other, status, v1.encode(status))

    assert made == v1.encode(other)
    assert json.loads(made)["position"] == position_us


@given(statuses)
def test_a_status_of_another_moment_is_not_made_of_it(status: Status) -> None:
    later = replace(status, ready_ids=(*status.ready_ids, "zoe"))

    assert v1.encode_elsewhere(later, status, v1.encode(status)) is None
