import re

import pytest

from bunga_cli.auth.api_tokens import (
    ALL_SCOPES,
    SCOPES,
    granted,
    hash_token,
    new_token,
    new_token_id,
)


def test_a_token_is_recognised_and_cannot_be_guessed() -> None:
    assert re.fullmatch(r"bunga_[A-Za-z0-9_-]{43}", new_token())
    assert re.fullmatch(r"tok_[0-9a-f]{10}", new_token_id())
    assert new_token() != new_token()


def test_what_is_stored_of_a_token_is_not_the_token() -> None:
    assert hash_token("bunga_x") != hash_token("bunga_y")
    assert "bunga" not in hash_token("bunga_x")
    assert len(hash_token("bunga_\ud800")) == 64


@pytest.mark.parametrize(
    ("scopes", "all_of_them"),
    [
        ([], set()),
        (["rooms:read"], {"rooms:read"}),
        (["rooms:control"], {"rooms:control", "rooms:read"}),
        (["channels:write"], {"channels:write", "rooms:read"}),
        (["admin"], set(SCOPES)),
        (["of a later version"], set()),
    ],
)
def test_who_may_change_something_may_look_at_it(scopes: list[str], all_of_them: set[str]) -> None:
    assert granted(scopes) == all_of_them
    assert set(SCOPES) == ALL_SCOPES
