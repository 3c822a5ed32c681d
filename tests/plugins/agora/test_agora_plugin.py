"""The plugin in its authors' harness: what players and admins get of it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from pydantic import ValidationError

from bunga_agora import AgoraPlugin
from bunga_agora.access_token import parse, uid_of
from bunga_agora.calls import CertificateCheck, VoiceCalls
from bunga_agora.settings import AgoraSettings
from bunga_cli.plugin import Account, Channel, PluginFailure, Service
from bunga_cli.plugin.testing import PluginHarness

APP_ID = "0123456789abcdef0123456789abcdef"
CERTIFICATE = "fedcba9876543210fedcba9876543210"
PROJECT = {"app_id": APP_ID, "app_certificate": CERTIFICATE}
NOON = datetime(2026, 3, 20, 12, tzinfo=UTC)


def harness_with(**settings: str) -> PluginHarness:
    channels: dict[str, dict[str, object]] = {"lobby": {}, "影院 1": {}}
    harness = PluginHarness(AgoraPlugin(), site=settings, channels=channels)
    harness.is_admin = True
    return harness


@pytest.fixture
async def harness() -> AsyncIterator[PluginHarness]:
    async with harness_with(**PROJECT) as harness:
        yield harness


@pytest.fixture
async def http(harness: PluginHarness) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(harness.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bunga") as client:
        yield client


# -- what players get -----------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["V1StGXR8", "用户甲", "emoji-😀-name"])
async def test_a_player_gets_a_token_for_its_channel_under_its_own_number(
    harness: PluginHarness, account: str
) -> None:
    call = (await harness.services("影院 1", account))["voice_call"]

    grant = parse(call["channel_token"], CERTIFICATE)
    assert (call["service"], call["key"]) == ("agora", APP_ID)
    assert (grant.app_id, grant.channel, grant.uid) == (APP_ID, "影院 1", uid_of(account))


async def test_a_token_is_good_for_a_day_from_now_and_handed_out_for_an_hour() -> None:
    settings = AgoraSettings.model_validate(PROJECT)
    calls = VoiceCalls(lambda: settings, now=lambda: NOON, salt=lambda: 42)

    service = await calls.issue(Channel("demo", "Demo"), Account("ann"))

    assert service is not None
    grant = parse(str(service.value["channel_token"]), CERTIFICATE)
    assert (grant.issued_at_s, grant.expires_in_s) == (int(NOON.timestamp()), 86_400)
    assert (grant.salt, service.expires_at) == (42, NOON + timedelta(hours=1))


async def test_two_tokens_are_never_signed_with_the_same_salt(harness: PluginHarness) -> None:
    tokens = {(await harness.services())["voice_call"]["channel_token"] for _ in range(20)}

    assert len(tokens) == 20


async def test_without_an_app_id_there_are_no_calls_and_nothing_is_wrong() -> None:
    async with harness_with() as harness:
        assert await harness.services() == {"voice_call": None}
        assert (await harness.health())["certificate"].state == "off"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"app_id": APP_ID}, "no certificate"),
        ({"app_id": APP_ID, "app_certificate": "def"}, "certificate is not 32"),
        ({"app_id": "abc", "app_certificate": CERTIFICATE}, "app id is not 32"),
    ],
)
async def test_a_project_that_makes_no_tokens_gives_no_call_and_a_health_row_that_says_why(
    settings: dict[str, str], reason: str
) -> None:
    async with harness_with(**settings) as harness:
        with pytest.raises(PluginFailure, match=reason):
            await harness.services()
        health = (await harness.health())["certificate"]

    assert health.state == "failure"
    assert reason in health.text


async def test_the_health_check_reads_a_token_back(harness: PluginHarness) -> None:
    health = (await harness.health())["certificate"]

    assert (health.state, health.text) == ("ok", "Tokens are good for 24 h.")
    assert CERTIFICATE not in str(health)


async def test_the_health_check_tells_for_whom_a_token_is_and_until_when() -> None:
    settings = AgoraSettings.model_validate(PROJECT)
    calls = VoiceCalls(lambda: settings, now=lambda: NOON)

    health = await CertificateCheck(calls, lambda: settings).check()

    number = uid_of("check")
    assert health.details == {
        "app_id": APP_ID,
        "made for": f"account check (number {number}) in channel check",
        "good until": "2026-03-21 12:00 UTC",
    }


@pytest.mark.parametrize("wrong", ["app", "channel", "account"])
async def test_a_token_that_says_something_else_is_a_failure(wrong: str) -> None:
    settings = AgoraSettings.model_validate(PROJECT)
    others = {"app": "f" * 32, "channel": "another", "account": "bob"}

    class Forgetful(VoiceCalls):
        async def issue(self, channel: Channel, account: Account) -> Service | None:
            other = AgoraSettings(
                app_id=others["app"] if wrong == "app" else APP_ID,
                app_certificate=settings.app_certificate,
            )
            where = Channel(others["channel"], "") if wrong == "channel" else channel
            who = Account(others["account"]) if wrong == "account" else account
            return await VoiceCalls(lambda: other).issue(where, who)

    health = await CertificateCheck(Forgetful(lambda: settings), lambda: settings).check()
    assert (health.state, "something else" in health.text) == ("failure", True)


# -- the original's path --------------------------------------------------------------------------


async def test_the_config_is_answered_as_the_original_does(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/voice/config")

    assert answer.status_code == 200
    assert answer.json() == {"site": 1, "agora_key": APP_ID, "agora_certification": CERTIFICATE}


async def test_a_put_replaces_the_project_and_drops_the_tokens_of_the_old_one(
    http: httpx2.AsyncClient, harness: PluginHarness
) -> None:
    change = {"agora_key": "f" * 32, "agora_certification": " " + "0" * 32}

    answer = await http.put("/api/voice/config", json=change)

    assert answer.json() == {"site": 1, "agora_key": "f" * 32, "agora_certification": "0" * 32}
    assert ("voice_call", None) in harness.invalidated
    assert (await harness.services())["voice_call"]["key"] == "f" * 32


async def test_a_form_is_as_good_as_json(http: httpx2.AsyncClient) -> None:
    change = {"agora_key": "f" * 32, "agora_certification": "0" * 32}

    assert (await http.put("/api/voice/config/", data=change)).json()["agora_key"] == "f" * 32


async def test_a_patch_leaves_the_rest_as_it_is() -> None:
    async with harness_with() as harness:
        transport = httpx2.ASGITransport(harness.app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://bunga") as http:
            answer = await http.patch("/api/voice/config", json={"agora_key": APP_ID})

    assert answer.json() == {"site": 1, "agora_key": APP_ID, "agora_certification": ""}


async def test_keys_that_are_not_hexadecimal_are_stored_as_the_original_stores_them(
    http: httpx2.AsyncClient, harness: PluginHarness
) -> None:
    answer = await http.put(
        "/api/voice/config", json={"agora_key": "abc", "agora_certification": "def"}
    )

    assert answer.json() == {"site": 1, "agora_key": "abc", "agora_certification": "def"}
    assert (await harness.health())["certificate"].state == "failure"


async def test_blank_and_absent_fields_are_refused_by_name(http: httpx2.AsyncClient) -> None:
    blank = await http.put("/api/voice/config", json={"agora_key": "", "agora_certification": ""})
    absent = await http.put("/api/voice/config", json={"agora_key": "a"})

    assert (blank.status_code, absent.status_code) == (400, 400)
    assert blank.json() == {
        "agora_key": ["This field may not be blank."],
        "agora_certification": ["This field may not be blank."],
    }
    assert absent.json() == {"agora_certification": ["This field is required."]}


async def test_a_body_that_is_no_object_is_refused(http: httpx2.AsyncClient) -> None:
    assert (await http.put("/api/voice/config", json=[])).status_code == 400


@pytest.mark.parametrize("name", ["app_id", "app_certificate"])
@pytest.mark.parametrize("value", ["abc", "g" * 32, "0" * 31, "0" * 33, " ", "0" * 32 + "\n"])
def test_what_is_no_key_cannot_be_set_but_may_stand_in_a_file(name: str, value: str) -> None:
    AgoraSettings.model_validate({name: value})
    with pytest.raises(ValidationError, match="must be 32 hexadecimal digits"):
        AgoraSettings.model_validate({name: value}, context={"is_new": True})


@pytest.mark.parametrize("value", ["", "0" * 32, "0123456789abcdefABCDEF0123456789"])
def test_a_key_can_be_set_and_taken_away(value: str) -> None:
    project = {"app_id": value, "app_certificate": value}
    assert AgoraSettings.model_validate(project, context={"is_new": True}).app_id == value


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_only_admins_see_or_change_it(
    http: httpx2.AsyncClient, harness: PluginHarness, method: str
) -> None:
    harness.is_admin = False

    answer = await http.request(method, "/api/voice/config")

    assert answer.status_code == 403
    assert CERTIFICATE not in answer.text
