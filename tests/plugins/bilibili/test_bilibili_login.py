"""`bunga bilibili login`, and the paths that it asks."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import httpx2
import pytest
from typer.testing import CliRunner

from bunga_bilibili.commands import PATIENCE_S, make_commands
from bunga_cli.plugin import BungaError, Channel, NotFound, SignIn
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.bilibili.standin import QR_CODE, QR_STATE, Bilibili, Session, qr_state
from tests.plugins.bilibili.standin import envelope as enveloped

LOGIN = "/api/v1/plugins/bilibili/channels/a%2Fb/login"


class ConsoleOf:
    """The console of somebody who may ask the plugin's routes; remembers what it shows."""

    def __init__(self, http: httpx2.AsyncClient, loop: asyncio.AbstractEventLoop) -> None:
        self._http, self._loop = http, loop
        self.shown: list[str] = []

    def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        request = self._http.request(method, path, json=body)
        answer = asyncio.run_coroutine_threadsafe(request, self._loop).result()
        value: dict[str, Any] = answer.json()
        if not answer.is_success:
            raise BungaError(value["error"]["message"])
        return value

    def table(self, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        raise AssertionError

    def document(self, value: object) -> None:
        raise AssertionError

    def note(self, sentence: str) -> None:
        self.shown.append(sentence)

    def qr_code(self, text: str) -> None:
        self.shown.append(text)


class Phone:
    """Somebody who has all the time there is, and does the next thing whenever it is waited for."""

    def __init__(self, bilibili: Bilibili, *steps: int | Session) -> None:
        self._bilibili, self._steps = bilibili, [*steps]
        self.now_s = 0.0

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        [key] = self._bilibili.phones
        if self._steps:
            self._bilibili.phones[key] = self._steps.pop(0)


Login = Callable[..., Any]


@pytest.fixture
def log_in(http: httpx2.AsyncClient) -> Login:
    """Run `bunga bilibili login` in a thread; return what it shows, and how it fails."""
    console = ConsoleOf(http, asyncio.get_event_loop())

    async def run(phone: Phone, channel: str = "a/b") -> tuple[list[str], str]:
        commands = make_commands(console, phone.sleep, lambda: phone.now_s)
        result = await asyncio.to_thread(CliRunner().invoke, commands, ["login", channel])
        return console.shown, str(result.exception or "")

    return run


async def test_a_channel_is_logged_in_with_a_phone_and_nobody_sees_its_cookies(
    log_in: Login, harness: PluginHarness, bilibili: Bilibili
) -> None:
    ben = bilibili.log_in("ben")
    shown, failure = await log_in(Phone(bilibili, 86101, 86090, 86090, ben))

    [key] = bilibili.phones
    assert (failure, len(shown)) == ("", 4)
    assert key in shown[0]
    assert shown[2:] == [
        "It is scanned. Confirm the login in the app.",
        "The channel a/b is logged in.",
    ]
    assert not [secret for secret in ben.settings.values() if secret in str(shown)]
    assert (await harness.services("a/b"))["bilibili"]["sess"] == ben.sess


async def test_a_code_that_nobody_scans_is_given_up(log_in: Login, bilibili: Bilibili) -> None:
    phone = Phone(bilibili)
    _, failure = await log_in(phone)
    assert "nobody was logged in" in failure
    assert PATIENCE_S <= phone.now_s < PATIENCE_S + 5


async def test_a_code_that_is_too_old_is_given_up_at_once(
    log_in: Login, bilibili: Bilibili
) -> None:
    phone = Phone(bilibili, 86038)
    _, failure = await log_in(phone)
    assert "nobody was logged in" in failure
    assert phone.now_s < 5


async def test_a_channel_that_is_not_there_is_said_before_any_code_is_shown(
    log_in: Login, bilibili: Bilibili
) -> None:
    shown, failure = await log_in(Phone(bilibili), "nowhere")
    assert (shown, failure, bilibili.asked) == ([], "There is no channel 'nowhere'.", [])


async def test_a_state_that_nobody_knows_is_a_failure_with_its_number(
    http: httpx2.AsyncClient, bilibili: Bilibili
) -> None:
    async def strange(_asked: object) -> Any:
        return enveloped(0, "0", qr_state(42, "what?"))

    bilibili.instead[QR_STATE] = strange
    answer = await http.post(f"{LOGIN}/k")
    assert answer.status_code == 502
    assert answer.json()["error"]["message"] == "Bilibili does not log in: what? (42)."


@pytest.mark.parametrize("url", ["", "javascript:x", "https://a b", "https://" + "x" * 2000, None])
async def test_an_address_that_is_none_is_not_shown_as_a_code(
    http: httpx2.AsyncClient, bilibili: Bilibili, url: object
) -> None:
    async def strange(_asked: object) -> Any:
        return enveloped(0, "0", {"url": url, "qrcode_key": "k"})

    bilibili.instead[QR_CODE] = strange
    answer = await http.post(LOGIN)
    assert answer.status_code == 502
    assert "not understood" in answer.json()["error"]["message"]


@pytest.mark.parametrize("path", [LOGIN, f"{LOGIN}/k"])
async def test_only_admins_log_a_channel_in(
    http: httpx2.AsyncClient, harness: PluginHarness, bilibili: Bilibili, path: str
) -> None:
    harness.is_admin = False
    assert (await http.post(path)).status_code == 403
    assert bilibili.asked == []


# -- in the console -------------------------------------------------------------------------------

HALL = Channel("a/b", "Hall")


@pytest.fixture
def sign_in(harness: PluginHarness) -> SignIn:
    return harness.sign_ins["account"]


async def test_a_channel_signs_in_and_out_in_the_console(
    sign_in: SignIn, harness: PluginHarness, bilibili: Bilibili
) -> None:
    ben = bilibili.log_in("ben")
    code = await sign_in.begin(HALL)
    states = []
    for step in (86101, 86090, ben):
        bilibili.phones[code.key] = step
        states.append((await sign_in.poll(HALL, code.key)).state)
    assert code.key in code.url
    assert states == ["waiting", "scanned", "done"]
    assert (await harness.services("a/b"))["bilibili"]["sess"] == ben.sess
    await sign_in.sign_out(HALL)
    assert await harness.services("a/b") == {"bilibili": None}
    assert harness.invalidated == [("bilibili", "a/b")] * 2


async def test_a_code_that_is_too_old_has_expired(sign_in: SignIn, bilibili: Bilibili) -> None:
    code = await sign_in.begin(HALL)
    bilibili.phones[code.key] = 86038
    state = await sign_in.poll(HALL, code.key)
    assert (state.state, "too old" in state.text) == ("expired", True)


async def test_a_key_that_is_none_is_not_asked_of_bilibili(
    sign_in: SignIn, bilibili: Bilibili
) -> None:
    with pytest.raises(NotFound, match="no login of this key"):
        await sign_in.poll(HALL, "k; other=1")
    assert bilibili.asked == []
