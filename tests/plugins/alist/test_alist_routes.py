"""The original's paths for AList: what is recorded of it, and what is not."""

import httpx2
import pytest

from bunga_alist.failures import AListError
from bunga_cli.plugin.testing import PluginHarness
from tests.plugins.alist.standin import (
    ALIST,
    ALIST_WITH_ROLES,
    OPENLIST,
    AList,
    Answer,
    html_page,
    no_answer,
    redirect_to,
    refuse,
    server_error,
    truncated_json,
)

LOBBY = "/api/alist-account/lobby/"
SLASHED = "/api/alist-account/a%2Fb/"
ANN = {"username": "ann", "password": "right"}


# -- who may ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/alist-host"),
        ("PUT", "/api/alist-host"),
        ("PATCH", "/api/alist-host"),
        ("GET", "/api/alist/info?host=http://127.0.0.1:9"),
        ("GET", "/api/alist/user-info?username=u&password=p"),
        ("GET", "/api/alist-account/"),
        ("GET", LOBBY),
        ("PUT", LOBBY),
        ("PATCH", LOBBY),
        ("GET", "/api/v1/plugins/alist/channels/lobby/browse"),
        ("GET", "/api/v1/plugins/alist/channels/lobby/search?words=x"),
        ("GET", "/api/v1/plugins/alist/channels/lobby/resolve?path=/x"),
    ],
)
async def test_only_admins_may_see_or_change_anything(
    http: httpx2.AsyncClient, harness: PluginHarness, alist: AList, method: str, path: str
) -> None:
    harness.is_admin = False
    assert (await http.request(method, path, json={})).status_code == 403
    assert alist.asked == []


# -- the host --------------------------------------------------------------------------------------


async def test_the_host_is_shown(http: httpx2.AsyncClient, alist: AList) -> None:
    assert (await http.get("/api/alist-host")).json() == {"site": 1, "host": alist.url}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("kind", ["json", "data"])
async def test_the_host_can_be_set(
    http: httpx2.AsyncClient, harness: PluginHarness, method: str, kind: str
) -> None:
    body = {"site": 1, "host": "http://127.0.0.1:9/"}
    answer = await http.request(method, "/api/alist-host", **{kind: body})  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()) == (200, {"site": 1, "host": "http://127.0.0.1:9"})
    assert harness.context.site_settings().host == "http://127.0.0.1:9"
    assert ("alist", None) in harness.invalidated


async def test_a_patch_without_a_host_changes_nothing(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    answer = await http.patch("/api/alist-host", json={"site": 1})
    assert answer.json() == {"site": 1, "host": alist.url}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"host": "x"}, "Enter a valid URL."),
        ({"host": "ftp://alist.example"}, "Enter a valid URL."),
        ({"host": "http://"}, "Enter a valid URL."),
        ({"host": "http://[broken"}, "Enter a valid URL."),
        ({"host": "http://ann:pw@alist.example"}, "Enter a valid URL."),
        ({"host": 7}, "Enter a valid URL."),
        ({"host": ""}, "This field may not be blank."),
        ({"host": None}, "This field may not be null."),
        ({"host": ["http://a"]}, "Not a valid string."),
        ({}, "This field is required."),
    ],
)
async def test_what_is_no_address_is_refused(
    http: httpx2.AsyncClient, alist: AList, body: dict[str, object], sentence: str
) -> None:
    answer = await http.put("/api/alist-host", json=body)
    assert (answer.status_code, answer.json()) == (400, {"host": [sentence]})
    assert (await http.get("/api/alist-host")).json()["host"] == alist.url


async def test_what_is_no_json_is_refused(http: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await http.put("/api/alist-host", content=b"{", headers=headers)
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


# -- accounts --------------------------------------------------------------------------------------


async def test_all_channels_have_an_account_even_an_empty_one(http: httpx2.AsyncClient) -> None:
    assert (await http.get("/api/alist-account/")).json() == [
        {"channel": "lobby", **ANN},
        {"channel": "a/b", "username": "", "password": ""},
    ]


async def test_one_account_is_shown(http: httpx2.AsyncClient) -> None:
    assert (await http.get(LOBBY)).json() == {"channel": "lobby", **ANN}


@pytest.mark.parametrize("kind", ["json", "data"])
async def test_an_account_can_be_set(
    http: httpx2.AsyncClient, harness: PluginHarness, kind: str
) -> None:
    body = {"username": "u", "password": 12345}
    answer = await http.put(SLASHED, **{kind: body})  # type: ignore[arg-type]
    shown = {"channel": "a/b", "username": "u", "password": "12345"}
    assert (answer.status_code, answer.json()) == (200, shown)
    assert (await http.get(SLASHED)).json() == shown
    assert ("alist", "a/b") in harness.invalidated


async def test_a_part_of_an_account_can_be_changed(http: httpx2.AsyncClient) -> None:
    answer = await http.patch(LOBBY, json={"password": "p"})
    assert answer.json() == {"channel": "lobby", "username": "ann", "password": "p"}
    assert (await http.patch(LOBBY, json={})).json() == answer.json()


async def test_a_blank_account_is_refused(http: httpx2.AsyncClient) -> None:
    blank = ["This field may not be blank."]
    answer = await http.put(LOBBY, json={"username": "", "password": " "})
    assert (answer.status_code, answer.json()) == (400, {"username": blank, "password": blank})
    answer = await http.put(LOBBY, json={"username": "u"})
    assert answer.json() == {"password": ["This field is required."]}
    assert (await http.patch(LOBBY, json={"username": ""})).json() == {"username": blank}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH"])
async def test_a_channel_that_is_not_there_has_no_account(
    http: httpx2.AsyncClient, method: str
) -> None:
    answer = await http.request(method, "/api/alist-account/none/", json=ANN)
    assert answer.status_code == 404
    assert answer.json() == {"detail": "No AListAccount matches the given query."}


async def test_an_account_that_is_saved_again_is_tried_again(
    http: httpx2.AsyncClient, harness: PluginHarness, alist: AList
) -> None:
    alist.passwords["ann"] = "other"
    with pytest.raises(AListError, match="password is incorrect"):
        await harness.services()
    alist.passwords["ann"] = "right"
    await http.put(LOBBY, json=ANN)
    assert (await harness.services())["alist"]["token"] in alist.tokens


# -- what AList says -------------------------------------------------------------------------------


async def test_the_site_is_shown_with_its_name_and_logo(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    answer = await http.get("/api/alist/info", params={"host": f"{alist.url}/"})
    shown = {"site_name": "Our films", "avatar": "/logo.svg"}
    assert (answer.status_code, answer.json()) == (200, shown)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/alist/info", '"host" is required.'),
        ("/api/alist/user-info", '"username" and "password" are required.'),
        ("/api/alist/user-info?username=u", '"username" and "password" are required.'),
    ],
)
async def test_what_is_asked_for_must_be_named(
    http: httpx2.AsyncClient, path: str, message: str
) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (400, {"err_code": -1, "message": message})


@pytest.mark.parametrize(
    "misbehaviour",
    [
        server_error,
        html_page,
        truncated_json,
        redirect_to("http://169.254.169.254/"),
        refuse(500, "no"),
    ],
)
async def test_a_host_that_is_no_alist_is_a_refusal(
    http: httpx2.AsyncClient, alist: AList, misbehaviour: Answer
) -> None:
    alist.instead["/api/public/settings"] = misbehaviour
    answer = await http.get("/api/alist/info", params={"host": alist.url})
    assert (answer.status_code, answer.json()["err_code"]) == (400, 1)


async def test_a_host_that_never_answers_is_a_refusal(
    http: httpx2.AsyncClient, alist: AList, impatient: None
) -> None:
    alist.instead["/api/public/settings"] = no_answer
    answer = await http.get("/api/alist/info", params={"host": alist.url})
    assert (answer.status_code, answer.json()["err_code"]) == (400, 1)
    assert "did not answer within" in answer.json()["message"]


@pytest.mark.parametrize(
    "host",
    [
        "nowhere.invalid", "http://[broken", "http://127.0.0.1:9", "::", "file:///etc/passwd",
        "http://ann:pw@alist.test", "http://alist.test/?x=", "http://alist.test/#",
    ],
)  # fmt: skip
async def test_a_host_that_is_not_there_is_a_refusal(http: httpx2.AsyncClient, host: str) -> None:
    answer = await http.get("/api/alist/info", params={"host": host})
    assert (answer.status_code, answer.json()["err_code"]) == (400, 1)


async def test_of_the_network_inside_only_the_configured_server_is_asked(
    http: httpx2.AsyncClient, alist: AList
) -> None:
    async with AList() as other:
        answer = await http.get("/api/alist/info", params={"host": other.url})
        assert (answer.status_code, answer.json()["err_code"]) == (400, 1)
        assert "private network" in answer.json()["message"]
        allowed = await http.get(
            "/api/alist/info", params={"host": f"http://localhost:{other.port}"}
        )
        assert allowed.json()["site_name"] == "Our films"
        assert other.paths == ["/api/public/settings"]


@pytest.mark.parametrize(
    ("me", "permission"),
    [
        (ALIST.me, 2),
        (OPENLIST.me, 2),
        (ALIST_WITH_ROLES.me, 256 | 2 | 1),
        ({"role": 2, "permission": 0}, "admin"),
        ({"role": [3, 2], "permission": 0}, "admin"),
        ({"role": [7], "role_names": ["watcher", "admin"], "permissions": None}, "admin"),
        ({"role": 1, "permission": 0, "permissions": None, "role_names": None}, 0),
    ],
)
async def test_a_user_has_the_permissions_of_all_its_scopes(
    http: httpx2.AsyncClient, alist: AList, me: dict[str, object], permission: object
) -> None:
    alist.me = {"base_path": "/shared", **me}
    answer = await http.get("/api/alist/user-info", params=ANN)
    assert answer.json() == {"base_path": "/shared", "permission": permission}


@pytest.fixture
async def wrong_user(http: httpx2.AsyncClient) -> httpx2.Response:
    return await http.get("/api/alist/user-info", params={"username": "ann", "password": "wrong"})


async def test_a_user_that_cannot_log_in_is_a_refusal(wrong_user: httpx2.Response) -> None:
    assert wrong_user.status_code == 400
    assert "password is incorrect" in wrong_user.json()["detail"]


async def test_a_user_is_tried_whenever_asked_for(
    http: httpx2.AsyncClient, alist: AList, wrong_user: httpx2.Response
) -> None:
    alist.passwords["ann"] = "wrong"
    answer = await http.get("/api/alist/user-info", params={"username": "ann", "password": "wrong"})
    assert answer.status_code == 200


async def test_without_a_host_no_user_can_be_asked_for(
    http: httpx2.AsyncClient, harness: PluginHarness
) -> None:
    await harness.context.save_site_settings(host="")
    answer = await http.get("/api/alist/user-info", params=ANN)
    assert (answer.status_code, answer.json()["err_code"]) == (400, -1)
