import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.units import (
    DAY,
    GIB,
    KIB,
    MIB,
    MILLISECOND,
    MINUTE,
    SECOND,
    format_duration,
    format_size,
    parse_duration,
    parse_position,
    parse_size,
    readable_size,
)


@pytest.mark.parametrize(
    ("written", "duration_us"),
    [
        ("20s", 20 * SECOND),
        ("1m30s", 90 * SECOND),
        ("1m 30s", 90 * SECOND),
        ("500ms", 500 * MILLISECOND),
        ("1.5s", 1500 * MILLISECOND),
        ("2d", 2 * DAY),
        ("5M", 5 * MINUTE),
        ("20", 20 * SECOND),
        (20, 20 * SECOND),
        (0.25, 250 * MILLISECOND),
        (0, 0),
    ],
)
def test_a_duration_is_read(written: object, duration_us: int) -> None:
    assert parse_duration(written) == duration_us


@pytest.mark.parametrize(
    ("written", "size_bytes"),
    [("64KiB", 64 * KIB), ("1 MiB", MIB), ("5MB", 5_000_000), ("100", 100), (100, 100), ("9b", 9)],
)
def test_a_size_is_read(written: object, size_bytes: int) -> None:
    assert parse_size(written) == size_bytes


@pytest.mark.parametrize(
    "written",
    [
        *("", " ", "s", "soon", "-5s", "5 s x", "20 parsecs", "1e3s", "٣s", "9" * 400),
        *(-1, float("inf"), float("nan"), 10**400, True, None, [], {}),
    ],
)
def test_what_is_no_duration_and_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(written)
    with pytest.raises(ValueError, match="must be a size"):
        parse_size(written)


@pytest.mark.parametrize(
    ("size_bytes", "read"),
    [
        *((0, "0 B"), (1023, "1023 B"), (KIB, "1.0 KiB"), (88 * KIB + 512, "88.5 KiB")),
        *((3 * MIB // 2, "1.5 MiB"), (2 * GIB, "2.0 GiB"), (2000 * GIB, "2,000.0 GiB")),
    ],
)
def test_a_size_is_shown_in_the_unit_that_people_read(size_bytes: int, read: str) -> None:
    assert readable_size(size_bytes) == read


@given(st.integers(0, 2**50))
def test_what_is_formatted_is_read_as_the_same(amount: int) -> None:
    assert parse_duration(format_duration(amount)) == amount
    assert parse_size(format_size(amount)) == amount


@pytest.mark.parametrize(
    ("written", "position_us"),
    [
        ("1:23:45", 5025 * SECOND),
        ("42:07", 2527 * SECOND),
        (" 0:00:01.5 ", 1_500_000),
        ("90:00", 5400 * SECOND),
        ("90", 90 * SECOND),
        ("1m30s", 90 * SECOND),
    ],
)
def test_a_position_is_read(written: str, position_us: int) -> None:
    assert parse_position(written) == position_us


@pytest.mark.parametrize(
    "written", ["", "soon", "1:60", "1:60:00", "1:2", ":30", "-5", "1:00:00:00"]
)
def test_what_is_no_position_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="must be a position"):
        parse_position(written)
