from datetime import UTC, datetime, timedelta

import pytest

from bunga_cli.keyring import Keyring, OldSecret, new_secret

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST, SECOND, THIRD = (name * 40 for name in "abc")


def test_a_file_of_one_line_is_one_secret() -> None:
    for text in (FIRST, f"{FIRST}\n"):
        assert Keyring.parse(text) == Keyring(FIRST)
    assert Keyring(FIRST).text() == FIRST


def test_a_keyring_is_read_as_it_was_written() -> None:
    keyring = Keyring(FIRST).rotated(SECOND, NOW + DAY, NOW).rotated(THIRD, NOW + 2 * DAY, NOW)
    assert Keyring.parse(keyring.text()) == keyring
    assert keyring.text().splitlines()[0] == THIRD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "short",
        f"{FIRST}\n{SECOND}",
        f"{FIRST}\n{SECOND} soon",
        f"{FIRST}\n{SECOND} 2026-01-01T12:00:00",
        f"{FIRST}\n 2026-01-01T12:00:00Z",
    ],
)
def test_a_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"secret|Invalid|line"):
        Keyring.parse(text)


def test_an_old_secret_is_believed_until_its_time_is_over() -> None:
    keyring = Keyring(FIRST).rotated(SECOND, NOW + DAY, NOW)
    assert [*keyring.believed(NOW)] == [SECOND, FIRST]
    assert [*keyring.believed(NOW + DAY)] == [SECOND]


def test_a_rotation_forgets_what_is_over_and_keeps_what_is_not() -> None:
    keyring = Keyring(FIRST).rotated(SECOND, NOW + DAY, NOW)
    later = keyring.rotated(THIRD, NOW + 9 * DAY, NOW + DAY)
    sooner = keyring.rotated(THIRD, NOW + 9 * DAY, NOW)
    assert [old.secret for old in later.old] == [SECOND]
    assert [old.secret for old in sooner.old] == [SECOND, FIRST]


def test_after_a_rotation_without_overlap_nothing_older_is_believed() -> None:
    keyring = Keyring(FIRST).rotated(SECOND, NOW + DAY, NOW).rotated(THIRD, None, NOW)
    assert [*keyring.believed(NOW)] == [THIRD]


def test_another_sites_secret_can_be_believed_spaces_and_all() -> None:
    foreign = OldSecret("django insecure ü#", NOW + DAY)
    keyring = Keyring(FIRST).believing(foreign, NOW).believing(foreign, NOW)
    assert Keyring.parse(keyring.text()) == keyring
    assert [*keyring.believed(NOW)] == [FIRST, foreign.secret]


@pytest.mark.parametrize("secret", ["", " ", "two\nlines", "two\u2028lines"])
def test_a_secret_that_does_not_fit_into_a_line_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        Keyring(FIRST).believing(OldSecret(secret, NOW + DAY), NOW)


def test_a_secret_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="UTF-8"):
        Keyring(FIRST).believing(OldSecret("x\udcff", NOW + DAY), NOW)


def test_new_secrets_are_long_and_never_the_same() -> None:
    assert len(new_secret()) == 64
    assert new_secret() != new_secret()
