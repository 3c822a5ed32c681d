from bunga_cli.auth.passwords import hash_password, needs_rehash, verify_password


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
