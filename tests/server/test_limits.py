from hypothesis import given
from hypothesis import strategies as st

from bunga_cli.server.limits import TokenBucket

SECOND_US = 1_000_000


def takes(bucket: TokenBucket, count: int, now_us: int) -> int:
    return sum(bucket.take(now_us) for _ in range(count))


def test_a_full_bucket_allows_a_burst_and_no_more() -> None:
    bucket = TokenBucket(rate_per_s=50, burst=500)

    assert takes(bucket, 600, now_us=7 * SECOND_US) == 500


def test_a_bucket_fills_up_at_its_rate() -> None:
    bucket = TokenBucket(rate_per_s=50, burst=500)
    takes(bucket, 500, now_us=0)

    assert takes(bucket, 100, now_us=19_999) == 0
    assert takes(bucket, 100, now_us=20_000) == 1
    assert takes(bucket, 100, now_us=1_020_000) == 50


def test_a_bucket_holds_no_more_than_its_burst() -> None:
    bucket = TokenBucket(rate_per_s=50, burst=5)
    takes(bucket, 5, now_us=0)

    assert takes(bucket, 100, now_us=3600 * SECOND_US) == 5


def test_a_refused_take_costs_nothing() -> None:
    bucket = TokenBucket(rate_per_s=1, burst=1)
    takes(bucket, 1000, now_us=0)

    assert bucket.take(SECOND_US)


def test_rate_zero_is_without_bound() -> None:
    assert takes(TokenBucket(rate_per_s=0, burst=1), 10_000, now_us=0) == 10_000


@given(st.integers(1, 1000), st.integers(1, 100), st.lists(st.integers(0, 100_000), min_size=1))
def test_no_stretch_of_time_allows_more_than_burst_and_rate(
    rate: int, burst: int, gaps_us: list[int]
) -> None:
    bucket, now_us, taken = TokenBucket(rate, burst), 0, 0
    for gap_us in gaps_us:
        now_us += gap_us
        taken += bucket.take(now_us)

    assert taken <= burst + now_us // (SECOND_US // rate)
