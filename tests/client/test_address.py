import pytest

from bunga_cli.client import ServerAddress
from bunga_cli.errors import Invalid


def test_the_websocket_is_on_the_origin_of_the_register_url() -> None:
    address = ServerAddress.parse("http://box.local:8000/api/channels/lobby/register/")

    assert address.chat_url("t") == "ws://box.local:8000/chat/?token=t&channel_id=lobby"
    assert address.refresh_url == "http://box.local:8000/api/token/refresh/"


def test_https_means_a_secure_websocket() -> None:
    address = ServerAddress.parse("https://example.org/api/channels/lobby/register/")

    assert address.chat_url("t").startswith("wss://example.org/chat/?")


def test_an_encoded_channel_id_is_decoded_once_and_encoded_again_in_the_query() -> None:
    address = ServerAddress.parse("http://h/api/channels/a%2Fb%20%E5%BD%B1/register/")

    assert address.channel_id == "a/b 影"
    assert address.chat_url("t").endswith("channel_id=a%2Fb+%E5%BD%B1")


def test_spaces_around_a_pasted_address_and_a_missing_last_slash_do_no_harm() -> None:
    assert ServerAddress.parse(" http://h/api/channels/x/register\n").channel_id == "x"


@pytest.mark.parametrize(
    "url", ["", "lobby", "http://h/", "ftp://h/api/channels/x/register/", "http:///api/channels/x"]
)
def test_what_is_no_register_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(Invalid, match="looks like https://"):
        ServerAddress.parse(url)


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("localhost", True), ("127.0.0.9", True), ("[::1]", True), ("example.org", False)],
)
def test_a_loopback_server_is_recognised(host: str, is_loopback: bool) -> None:
    address = ServerAddress.parse(f"http://{host}:1/api/channels/x/register/")

    assert address.is_loopback is is_loopback
