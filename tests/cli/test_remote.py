"""Administration of a server elsewhere, which may be no server of ours."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Bunga, Elsewhere

Done = Callable[..., tuple[int, str, str]]


@pytest.fixture
def asked(bunga: Bunga, elsewhere: Elsewhere) -> Done:
    """Asks the server elsewhere for its channels."""

    def ask(**environ: str) -> tuple[int, str, str]:
        done = bunga(
            *("--server", elsewhere.url, "channels", "list", "--json"),
            **{"BUNGA_TOKEN": "a-token", **environ},
        )
        return done.returncode, done.stdout, done.stderr

    return ask


def test_a_server_elsewhere_is_asked_with_the_token(asked: Done, elsewhere: Elsewhere) -> None:
    code, shown, _ = asked()

    assert (code, json.loads(shown), elsewhere.tokens) == (0, [], ["Bearer a-token"])


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'"x"', b"[" * 100_000, b"\xff"])
def test_what_is_no_bunga_server_is_told_from_one(
    asked: Done, elsewhere: Elsewhere, content: bytes
) -> None:
    elsewhere.content = content

    code, _, told = asked()

    assert (code, told) == (
        1,
        f"Error: The server {elsewhere.url} answers, but not as a Bunga server does.\n",
    )


def test_an_answer_without_end_is_not_read_to_it(asked: Done, elsewhere: Elsewhere) -> None:
    elsewhere.content = b" " * (65 * 1024 * 1024)

    code, _, told = asked()

    assert (code, "not as a Bunga server does" in told) == (1, True)


def test_a_redirect_is_not_followed_with_the_token(asked: Done, elsewhere: Elsewhere) -> None:
    elsewhere.status, elsewhere.headers = 307, {"Location": f"{elsewhere.url}/other"}

    code, _, told = asked()

    assert (code, len(elsewhere.tokens)) == (1, 1)
    assert "sends its visitors to" in told


def test_a_refused_token_is_named(asked: Done, elsewhere: Elsewhere) -> None:
    error = {"code": "token_invalid", "message": "The token is not one of this site."}
    elsewhere.status, elsewhere.content = 401, json.dumps({"error": error}).encode()

    code, _, told = asked()

    assert (code, "BUNGA_TOKEN" in told, "a-token" in told) == (1, True, False)


def test_a_token_with_too_few_scopes_is_not_called_a_bad_one(
    asked: Done, elsewhere: Elsewhere
) -> None:
    error = {"code": "forbidden", "message": "It lacks the scope admin."}
    elsewhere.status, elsewhere.content = 403, json.dumps({"error": error}).encode()

    assert asked()[2] == "Error: It lacks the scope admin.\n"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://[", "no address"),
        ("https://films.example:port", "no address"),
        ("ftp://films.example", "no address"),
        ("https://ann:pw@films.example", "no address"),
        ("http://films.example", "in the clear"),
        ("https://films.example/console", "has a path"),
    ],
)
def test_an_address_that_cannot_be_is_refused(bunga: Bunga, url: str, why: str) -> None:
    done = bunga("--server", url, "rooms", "list", BUNGA_TOKEN="t")

    assert (done.returncode, why in done.stderr) == (1, True), done.stderr


def test_without_a_token_it_says_where_one_comes_from(bunga: Bunga) -> None:
    done = bunga("--server", "https://films.example", "rooms", "list")

    assert (done.returncode, "bunga tokens issue" in done.stderr) == (1, True)


def test_what_works_on_files_stays_here(bunga: Bunga) -> None:
    said = bunga("--server", "https://films.example", "backup", "x", BUNGA_TOKEN="t")
    exported = bunga("completion", "bash", BUNGA_SERVER_URL="https://films.example")

    assert (said.returncode, "files of this machine" in said.stderr) == (1, True)
    assert exported.returncode == 0


def test_what_is_not_text_is_told(bunga: Bunga, elsewhere: Elsewhere) -> None:
    words = ("--server", elsewhere.url, "channels", "create", "x", "--name", "\udcff")

    done = bunga(*words, BUNGA_TOKEN="t")

    assert (done.returncode, "not UTF-8" in done.stderr) == (1, True), done.stderr
