from bunga_cli.api.throttle import MINUTE_US, FailureLimit


def test_a_key_is_blocked_by_its_last_allowed_failure() -> None:
    failures = FailureLimit(limit=3)
    for now_us in (0, 1):
        failures.failed("ann", now_us)
    assert not failures.is_blocked("ann", 2)
    failures.failed("ann", 2)
    assert failures.is_blocked("ann", 3)


def test_a_block_ends_when_the_first_failure_is_a_minute_old() -> None:
    failures = FailureLimit(limit=2)
    failures.failed("ann", 0)
    failures.failed("ann", 30)
    assert failures.is_blocked("ann", MINUTE_US - 1)
    assert not failures.is_blocked("ann", MINUTE_US)


def test_one_key_does_not_block_another() -> None:
    failures = FailureLimit(limit=1)
    failures.failed("ann", 0)
    assert not failures.is_blocked("bob", 0)


def test_only_so_many_keys_are_remembered() -> None:
    failures = FailureLimit(limit=1, max_keys=2)
    for key in ("ann", "bob", "cleo"):
        failures.failed(key, 0)
    assert [failures.is_blocked(key, 0) for key in ("ann", "bob", "cleo")] == [False, True, True]
