"""The original's paths for accounts and for logging in by phone."""

from collections.abc import Callable

import httpx2
import pytest
from starlette.responses import Response

from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.bilibili.standin import (
    IMG_KEY,
    NAV,
    QR_CODE,
    QR_STATE,
    SUB_KEY,
    WBI,
    Asked,
    Bilibili,
    Session,
    envelope,
    nav_of,
    qr_state,
)

ACCOUNTS = "/api/bilibili-account/"
NOBODY = {"sess": "", "bili_jct": "", "refresh_token": ""}


# -- accounts -------------------------------------------------------------------------------------


async def test_the_list_has_every_channel(http: httpx2.AsyncClient, ann: Session) -> None:
    answer = await http.get(ACCOUNTS)

    assert answer.json() == [
        {"channel": "lobby", **ann.settings},
        {"channel": "a/b", **NOBODY},
    ]


async def test_one_channel_is_found_by_its_encoded_id(http: httpx2.AsyncClient) -> None:
    assert (await http.get(f"{ACCOUNTS}a%2Fb/")).json() == {"channel": "a/b", **NOBODY}


async def test_a_put_logs_the_channel_in(
    http: httpx2.AsyncClient, harness: PluginHarness, bilibili: Bilibili
) -> None:
    ben = bilibili.log_in("ben")

    answer = await http.put(f"{ACCOUNTS}a%2Fb/", json=ben.settings)

    assert answer.json() == {"channel": "a/b", **ben.settings}
    assert harness.invalidated == [("bilibili", "a/b")]
    assert (await harness.services("a/b"))["bilibili"]["sess"] == ben.sess


async def test_a_patch_changes_what_is_given(http: httpx2.AsyncClient) -> None:
    answer = await http.patch(f"{ACCOUNTS}a%2Fb/", json={"sess": "s"})

    assert answer.json() == {"channel": "a/b", **NOBODY, "sess": "s"}


async def test_a_delete_logs_the_channel_out(
    http: httpx2.AsyncClient, harness: PluginHarness
) -> None:
    answer = await http.delete(f"{ACCOUNTS}lobby/")

    assert (answer.status_code, answer.content) == (204, b"")
    assert await harness.services("lobby") == {"bilibili": None}


async def test_blank_absent_and_impossible_values_are_refused_by_name(
    http: httpx2.AsyncClient, ann: Session
) -> None:
    wrong = {"sess": "", "refresh_token": None}
    broken = {**ann.settings, "sess": "a;b"}

    refused = await http.put(f"{ACCOUNTS}lobby/", json=wrong)
    impossible = await http.put(f"{ACCOUNTS}lobby/", json=broken)

    assert (refused.status_code, impossible.status_code) == (400, 400)
    assert refused.json() == {
        "sess": ["This field may not be blank."],
        "bili_jct": ["This field is required."],
        "refresh_token": ["This field may not be null."],
    }
    assert impossible.json() == {"sess": ["This is not the value of a cookie."]}
    assert (await http.get(f"{ACCOUNTS}lobby/")).json() == {"channel": "lobby", **ann.settings}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_an_unknown_channel_has_no_account(http: httpx2.AsyncClient, method: str) -> None:
    answer = await http.request(method, f"{ACCOUNTS}nowhere/")

    assert answer.status_code == 404
    assert answer.json() == {"detail": "No BilibiliAccount matches the given query."}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ACCOUNTS),
        *((method, f"{ACCOUNTS}lobby/") for method in ("GET", "PUT", "PATCH", "DELETE")),
        *(("GET", f"/api/bilibili/{path}") for path in ("qr", "pull?key=k", "info?sess=s")),
    ],
)
async def test_only_admins_may_ask(
    http: httpx2.AsyncClient, harness: PluginHarness, bilibili: Bilibili, method: str, path: str
) -> None:
    harness.is_admin = False

    assert (await http.request(method, path)).status_code == 403
    assert bilibili.asked == []


# -- logging in by phone --------------------------------------------------------------------------


async def test_a_phone_logs_a_channel_in(
    http: httpx2.AsyncClient, harness: PluginHarness, bilibili: Bilibili
) -> None:
    ben = bilibili.log_in("ben")
    code = (await http.get("/api/bilibili/qr")).json()
    key = code["qrcode_key"]
    pull = f"/api/bilibili/pull?key={key}"
    assert set(code) == {"url", "qrcode_key"}
    assert key in code["url"]

    assert (await http.get(pull)).json()["code"] == 86101
    bilibili.phones[key] = 86090
    assert (await http.get(pull)).json() == qr_state(86090, "二维码已扫码未确认")
    bilibili.phones[key] = ben
    done = (await http.get(pull)).json()
    assert done == {**qr_state(0, ""), **ben.settings}

    await http.put(f"{ACCOUNTS}a%2Fb/", json=done)  # as the original's page does
    assert (await harness.services("a/b"))["bilibili"]["sess"] == ben.sess


async def test_a_code_that_is_too_old_says_so(http: httpx2.AsyncClient) -> None:
    answer = await http.get("/api/bilibili/pull?key=forgotten")

    assert (answer.status_code, answer.json()["code"]) == (200, 86038)


async def test_a_login_without_its_cookies_is_none(
    http: httpx2.AsyncClient, bilibili: Bilibili
) -> None:
    async def without_cookies(_asked: Asked) -> Response:
        return envelope(0, "0", {**qr_state(0, ""), "refresh_token": "r"})

    bilibili.instead[QR_STATE] = without_cookies

    answer = await http.get("/api/bilibili/pull?key=k")

    assert (answer.status_code, answer.json()["err_code"]) == (502, 1)
    assert "lacks the cookies" in answer.json()["message"]


# -- who it is ------------------------------------------------------------------------------------


async def test_the_info_tells_who_is_logged_in(
    http: httpx2.AsyncClient, bilibili: Bilibili, ann: Session
) -> None:
    answer = await http.get("/api/bilibili/info", params={"sess": ann.sess})

    assert answer.json() == {
        "avatar": f"{bilibili.url}/bfs/face/ann.jpg",
        "username": "ann",
        "vip": True,
        "wbi": {"img_key": IMG_KEY, "sub_key": SUB_KEY},
    }


async def test_a_cookie_that_bilibili_does_not_know_is_told_apart_from_no_answer(
    http: httpx2.AsyncClient,
) -> None:
    answer = await http.get("/api/bilibili/info?sess=stale")

    assert (answer.status_code, answer.json()["err_code"]) == (502, 2)
    assert "Log in again" in answer.json()["message"]


@pytest.mark.parametrize("address", ["http://[bad", "x" * 10**6])
async def test_signing_keys_without_an_address_are_not_understood(
    http: httpx2.AsyncClient, bilibili: Bilibili, ann: Session, address: str
) -> None:
    async def strange(_asked: Asked) -> Response:
        return envelope(0, "0", {**nav_of(ann), "wbi_img": {**WBI, "img_url": address}})

    bilibili.instead[NAV] = strange
    answer = await http.get("/api/bilibili/info", params={"sess": ann.sess})
    assert (answer.status_code, answer.json()["err_code"]) == (502, 1)
    assert "not understood" in answer.json()["message"]


@pytest.mark.parametrize(("path", "name"), [("pull", "key"), ("info", "sess")])
async def test_what_to_ask_for_must_be_given(
    http: httpx2.AsyncClient, bilibili: Bilibili, path: str, name: str
) -> None:
    absent = await http.get(f"/api/bilibili/{path}")
    broken = await http.get(f"/api/bilibili/{path}", params={name: "a\r\nb"})

    assert (absent.status_code, broken.status_code) == (400, 400)
    assert absent.json() == {"err_code": -1, "message": f'"{name}" is required.'}
    assert bilibili.asked == []


@pytest.mark.parametrize("bad", ["slow", "status 500", "HTML", "412 with JSON", "another shape"])
@pytest.mark.parametrize(
    ("path", "theirs"), [("qr", QR_CODE), ("pull?key=k", QR_STATE), ("info?sess=s", NAV)]
)
async def test_whatever_bilibili_does_the_admin_gets_json_with_a_reason(
    http: httpx2.AsyncClient, misbehave: Callable[[str, str], str], bad: str, path: str, theirs: str
) -> None:
    reason = misbehave(bad, theirs)

    answer = await http.get(f"/api/bilibili/{path}")

    assert answer.status_code == 502
    assert reason in answer.json()["message"]
