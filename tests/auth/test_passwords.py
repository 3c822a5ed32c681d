import pytest

from bunga_cli.auth.passwords import (
    MAX_ITERATIONS,
    hash_password,
    is_readable,
    needs_rehash,
    verify_password,
)

# Made by Django 5.2: `PBKDF2PasswordHasher().encode("lètmein 1", "seasalt", iterations=1000)`,
# and with its default of a million.
OF_DJANGO = "pbkdf2_sha256$1000$seasalt$Jngh1+b8Ecf5AWYo9KqfezeBrrWS0LSAKnAo46dv7Qc="
OF_DJANGO_TODAY = "pbkdf2_sha256$1000000$seasalt$W6cVPVG5xqMRV3S6ShPErrudI0redjDl471zPvuKzoM="


def test_a_password_matches_its_own_hash_and_no_other() -> None:
    password_hash = hash_password("correct horse")
    assert verify_password(password_hash, "correct horse")
    assert not verify_password(password_hash, "correct horses")


def test_a_password_has_a_new_hash_each_time() -> None:
    assert hash_password("x") != hash_password("x")


def test_a_hash_that_is_none_matches_nothing() -> None:
    assert not verify_password("", "")
    assert not verify_password("plain text", "plain text")


def test_a_hash_of_another_cost_is_to_be_made_again() -> None:
    password_hash = hash_password("x")
    assert not needs_rehash(password_hash)
    assert needs_rehash(password_hash.replace("t=2", "t=1"))


@pytest.mark.parametrize("password_hash", [OF_DJANGO, OF_DJANGO_TODAY])
def test_a_hash_of_djangos_matches_its_password_and_is_to_be_made_again(password_hash: str) -> None:
    assert verify_password(password_hash, "lètmein 1")
    assert not verify_password(password_hash, "letmein 1")
    assert needs_rehash(password_hash)
    assert is_readable(password_hash)


@pytest.mark.parametrize(
    "password_hash",
    [
        OF_DJANGO.replace("$1000$", "$0$"),
        OF_DJANGO.replace("$1000$", "$-1000$"),
        OF_DJANGO.replace("$1000$", f"${MAX_ITERATIONS + 1}$"),
        OF_DJANGO.replace("$1000$", "$99999999999999999999$"),
        OF_DJANGO.replace("sha256", "shä256"),
        OF_DJANGO.replace("seasalt", ""),
        OF_DJANGO.replace("sha256", "sha1"),
        OF_DJANGO[:-4] + "===",
        OF_DJANGO + "$",
        OF_DJANGO + "\n",
        "!NetonOO5dg5863kW16JqOG7FlObowz4dz1X5IWQM",
        "",
    ],
)
def test_a_hash_that_is_not_quite_djangos_matches_nothing_at_once(password_hash: str) -> None:
    assert not verify_password(password_hash, "lètmein 1")
    assert not is_readable(password_hash)


def test_a_hash_of_ours_is_readable() -> None:
    assert is_readable(hash_password("x"))
