import base64
import hmac
import json
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from bunga_cli.auth.tokens import (
    Subject,
    TokenExpired,
    TokenInvalid,
    Tokens,
    TokenWrongType,
)
from bunga_cli.keyring import Keyring, OldSecret
from bunga_cli.store.revocation import revocation_moment

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "a secret of sufficient length, 32 bytes"
TOKENS = Tokens(Keyring(SECRET), access_s=60, refresh_s=3600)
ANN = Subject(7)


def _claims(**changes: object) -> dict[str, object]:
    now_s = int(NOW.timestamp())
    claims: dict[str, object] = {
        "token_type": "access",
        "exp": now_s + 60,
        "iat": now_s,
        "jti": "0" * 32,
        "user_id": "7",
    }
    return {key: value for key, value in {**claims, **changes}.items() if value is not ...}


def test_a_token_has_exactly_the_claims_that_clients_know() -> None:
    payload = TOKENS.issue("access", ANN, now=NOW).split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    assert claims == _claims(jti=claims["jti"])
    assert len(claims["jti"]) == 32


def test_a_token_is_read_as_it_was_issued() -> None:
    claims = TOKENS.read(TOKENS.issue("refresh", Subject("7"), now=NOW), "refresh", NOW)
    assert (claims.user_id, claims.kind) == ("7", "refresh")
    assert (claims.issued_at, claims.expires_at) == (NOW, NOW + timedelta(hours=1))


@pytest.mark.parametrize(
    ("user_id", "account_id"),
    [("7", 7), ("", 0), ("-1", 0), ("1.0", 0), ("²", 0), ("9" * 19, 0), ("ann", 0)],
)
def test_a_user_id_that_can_be_no_account_is_account_0(user_id: str, account_id: int) -> None:
    assert (
        TOKENS.read(TOKENS.issue("access", Subject(user_id), now=NOW), now=NOW).account_id
        == account_id
    )


def test_no_two_tokens_are_the_same() -> None:
    assert TOKENS.issue("access", ANN, now=NOW) != TOKENS.issue("access", ANN, now=NOW)


def test_a_token_is_good_until_the_second_it_expires() -> None:
    token = TOKENS.issue("access", ANN, now=NOW)
    TOKENS.read(token, "access", NOW + timedelta(seconds=59))
    with pytest.raises(TokenExpired):
        TOKENS.read(token, "access", NOW + timedelta(seconds=60))


def test_a_token_of_the_other_kind_is_refused() -> None:
    with pytest.raises(TokenWrongType):
        TOKENS.read(TOKENS.issue("refresh", ANN, now=NOW), "access", NOW)
    with pytest.raises(TokenWrongType):
        TOKENS.read(TOKENS.issue("access", ANN, now=NOW), "refresh", NOW)


def test_either_kind_is_read_when_none_is_asked_for() -> None:
    assert TOKENS.read(TOKENS.issue("access", ANN, now=NOW), now=NOW).kind == "access"
    assert TOKENS.read(TOKENS.issue("refresh", ANN, now=NOW), now=NOW).kind == "refresh"


def test_a_forged_token_does_not_learn_that_it_is_expired() -> None:
    forged = Tokens(Keyring("another secret, of 32 bytes as well"), 60, 60).issue(
        "access", ANN, now=NOW
    )
    with pytest.raises(TokenInvalid):
        TOKENS.read(forged, "access", NOW + timedelta(days=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": ...},
        {"user_id": 7},
        {"jti": ...},
        {"jti": 5},
        {"token_type": ...},
        {"token_type": "sliding"},
        {"exp": ...},
        {"exp": "soon"},
        {"exp": 10**30},
        {"exp": 1.5},
        {"iat": "then"},
        {"channel_id": 5},
        {"refresh_jti": ["x"]},
    ],
)
def test_a_signed_token_with_strange_claims_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(jwt.encode(_claims(**changes), SECRET, "HS256"), None, NOW)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "..", "\ud800", "é.é.é", "." * 10_000])
def test_garbage_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        TOKENS.read(token, None, NOW)


def test_another_algorithm_is_refused() -> None:
    unsigned = jwt.encode(_claims(), "", "none")
    other = jwt.encode(_claims(), SECRET * 2, "HS512")
    for token in (unsigned, other):
        with pytest.raises(TokenInvalid):
            TOKENS.read(token, None, NOW)


def test_a_token_signed_before_a_rotation_is_good_until_the_overlap_is_over() -> None:
    tokens = Tokens(Keyring(SECRET), access_s=3600, refresh_s=3600)
    before = tokens.issue("access", ANN, now=NOW)
    tokens.keyring = tokens.keyring.rotated("n" * 40, NOW + timedelta(minutes=10), NOW)
    after = tokens.issue("access", ANN, now=NOW)

    assert tokens.read(before, "access", NOW + timedelta(minutes=9)).user_id == "7"
    assert tokens.read(after, "access", NOW + timedelta(minutes=11)).user_id == "7"
    with pytest.raises(TokenInvalid):
        tokens.read(before, "access", NOW + timedelta(minutes=10))
    with pytest.raises(TokenInvalid):
        TOKENS.read(after, "access", NOW)


@pytest.mark.parametrize("secret", ["x", "é", "31 bytes " + 22 * "x", "ssh-rsa AAAA"])
def test_the_secret_of_another_site_may_be_short(secret: str) -> None:
    until = NOW + timedelta(hours=1)
    others = OldSecret(secret, until), OldSecret("the next one", until)
    tokens = Tokens(Keyring(SECRET, others), 60, 60)
    for key in (secret, "the next one"):
        head, body = (_part(part) for part in ({"alg": "HS256", "typ": "JWT"}, _claims()))
        signature = hmac.digest(key.encode(), f"{head}.{body}".encode(), "sha256")
        token = f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"
        if secret.startswith("ssh") and key == secret:
            with pytest.raises(TokenInvalid):
                tokens.read(token, "access", NOW)
        else:
            assert tokens.read(token, "access", NOW).user_id == "7"


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_a_token_can_be_for_one_channel_and_know_what_bought_it() -> None:
    token = TOKENS.issue("access", Subject(7, "a/b c", "f" * 32), now=NOW)
    claims = TOKENS.read(token, "access", NOW)
    assert (claims.channel_id, claims.refresh_jti) == ("a/b c", "f" * 32)


def test_a_lifetime_of_its_own_counts_for_one_token() -> None:
    token = TOKENS.issue("refresh", ANN, lifetime_s=5, now=NOW)
    assert TOKENS.read(token, now=NOW).expires_at == NOW + timedelta(seconds=5)


@pytest.mark.parametrize("revoked_us", [0, 1, 500_000, 999_999])
def test_what_was_issued_until_a_revocation_is_older_and_what_comes_next_is_not(
    revoked_us: int,
) -> None:
    moment = NOW + timedelta(microseconds=revoked_us)
    valid_from = revocation_moment(moment)
    before = TOKENS.read(TOKENS.issue("access", ANN, now=moment), now=moment)
    same_second = moment + timedelta(microseconds=1)
    after = TOKENS.issue("access", Subject(7, valid_from=valid_from), now=same_second)

    assert before.is_older_than(valid_from)
    assert not TOKENS.read(after, now=same_second).is_older_than(valid_from)
    assert not before.is_older_than(None)
    assert valid_from - moment <= timedelta(seconds=1)
