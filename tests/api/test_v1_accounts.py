"""`/api/v1/accounts`, `/admins` and `/channels/…/members`, and what exclusions do elsewhere."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx2
import pytest

from bunga_cli.auth.live import ConnectionView
from bunga_cli.clock import utc_now
from bunga_cli.store.rows import AccountRow
from tests.api.site import PASSWORD, Site

ACCOUNTS = "/api/v1/accounts"
REGISTER = "/api/channels/demo/register/"
ANN = {"username": "ann", "password": PASSWORD}


@pytest.fixture
async def owner(site: Site) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever may open the Unix socket, on a site with Ann in the channel `demo`."""
    await site.token_of("ann", "demo")
    async with site.client(is_local=True) as client:
        yield client


async def account(site: Site, name: str = "ann") -> AccountRow:
    row = await site.context.store.accounts.by_name(name)
    assert row is not None
    return row


async def connect(site: Site, *channels: str) -> None:
    """Let Ann be connected."""
    site.hub.connected[(await account(site)).id] = [
        ConnectionView(channel, utc_now(), "192.0.2.1:5000", "1.5") for channel in channels
    ]


async def test_accounts_are_listed_searched_and_counted(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    await connect(site, "demo", "demo")
    for name in ("ben", "Hannah"):
        await site.token_of(name)
    found = (await owner.get(ACCOUNTS, params={"search": "ann", "limit": 1, "offset": 1})).json()
    assert (found["total"], [row["username"] for row in found["accounts"]]) == (2, ["ann"])
    [ann] = found["accounts"]
    assert ann.pop("created_at").endswith("Z")
    assert ann == {
        "id": (await account(site)).id,
        "username": "ann",
        "is_admin": False,
        "channels": 1,
        "sockets": 2,
        "banned": False,
        "seen_as": None,
        "seen_at": None,
    }
    assert (await owner.get(ACCOUNTS)).json()["total"] == 3
    assert (await owner.get(ACCOUNTS, params={"limit": 0})).status_code == 400


async def test_an_account_is_shown_whole(site: Site, owner: httpx2.AsyncClient) -> None:
    await connect(site, "demo")
    await owner.post(f"{ACCOUNTS}/ann/ban", json={"channel_id": "demo", "reason": " spam "})
    await connect(site, "demo")
    ann = (await owner.get(f"{ACCOUNTS}/ann")).json()
    [membership], [exclusion], [connection] = (
        ann[key] for key in ("memberships", "exclusions", "connections")
    )
    assert (ann["sockets"], ann["channels"], ann["banned"]) == (1, 1, False)
    assert membership.pop("joined_at").endswith("Z")
    assert membership == {"channel_id": "demo", "excluded": "ban", "until": None}
    assert exclusion.pop("created_at").endswith("Z")
    assert exclusion == {
        "kind": "ban",
        "channel_id": "demo",
        "until": None,
        "reason": "spam",
    }
    assert connection.pop("since").endswith("Z")
    assert connection == {"channel_id": "demo", "address": "192.0.2.1:5000", "generation": "1.5"}


async def test_who_is_banned_from_a_channel_cannot_register_there(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    await connect(site, "demo")
    banned = await owner.post(f"{ACCOUNTS}/ann/ban", json={"channel_id": "demo"})
    refused = await owner.post(REGISTER, data=ANN)
    wrong = await owner.post(REGISTER, data={**ANN, "password": "guess"})
    await owner.post(f"{ACCOUNTS}/ann/unban", json={"channel_id": "demo"})
    welcome = await owner.post(REGISTER, data=ANN)

    assert banned.json() == {"closed": 1}
    assert site.hub.told[0] == ("excluded", "ann demo")
    assert (refused.status_code, refused.json()) == (
        403,
        {"channel_id": "You are banned from this channel."},
    )
    assert (wrong.status_code, welcome.status_code) == (401, 200)


async def test_who_is_banned_from_the_site_can_do_nothing(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    pair = (await owner.post("/api/token/", data=ANN)).json()
    await owner.post(f"{ACCOUNTS}/ann/ban", json={})
    refused = [
        await owner.post(REGISTER, data=ANN),
        await owner.post("/api/token/", data=ANN),
        await owner.post("/api/token/refresh/", data={"refresh": pair["refresh"]}),
    ]
    async with site.client(pair["access"]) as ann:
        refused.append(await ann.get("/api/site"))
        ours = await ann.get("/api/v1/rooms")
    assert [answer.status_code for answer in refused] == [403] * 4
    assert refused[0].json() == {"channel_id": "You are banned from this server."}
    assert [answer.json()["code"] for answer in refused[1:]] == ["banned"] * 3
    assert (ours.status_code, ours.json()["error"]["code"]) == (403, "banned")
    assert site.hub.told == [("excluded", "ann None")]


async def test_who_was_kicked_may_register_again_after_ten_minutes(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    await connect(site, "demo", "demo")
    kicked = (await owner.post(f"{ACCOUNTS}/ann/kick", json={})).json()
    refused = await owner.post(REGISTER, data=ANN)
    await site.context.store.exclusions.add((await account(site)).id, "demo", utc_now())
    welcome = await owner.post(REGISTER, data=ANN)

    assert (kicked["closed"], kicked["channels"]) == (2, ["demo"])
    assert refused.status_code == 403
    sentence = "You were sent away from this channel; try again in 10 min."
    assert refused.json() == {"channel_id": sentence}
    assert welcome.status_code == 200


async def test_an_unban_ends_a_kick(owner: httpx2.AsyncClient) -> None:
    await owner.post(f"{ACCOUNTS}/ann/kick", json={"channel_id": "demo"})
    assert (
        await owner.post(f"{ACCOUNTS}/ann/unban", json={"channel_id": "demo"})
    ).status_code == 204
    assert (await owner.post(REGISTER, data=ANN)).status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("nobody/ban", {}, 404, "no account 'nobody'"),
        ("ann/ban", {"channel_id": "nowhere"}, 404, "no channel 'nowhere'"),
        ("ann/unban", {}, 409, "not banned from the whole site."),
        (
            "ann/unban",
            {"channel_id": "demo"},
            409,
            "neither banned from the channel demo nor kicked out of it.",
        ),
        ("ann/kick", {}, 409, "kick it out of, with `--channel demo`."),
        ("ann/ban", {"until": "never"}, 400, "until"),
        ("ann/reset-password", {"password": "short"}, 400, "8 characters"),
    ],
)
async def test_what_cannot_be_done_to_an_account_is_said(
    owner: httpx2.AsyncClient, path: str, body: object, status: int, said: str
) -> None:
    answer = await owner.post(f"{ACCOUNTS}/{path}", json=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


async def test_an_unban_from_the_site_tells_of_the_channels_that_are_left(
    owner: httpx2.AsyncClient,
) -> None:
    await owner.post(f"{ACCOUNTS}/ann/ban", json={"channel_id": "demo"})
    answer = await owner.post(f"{ACCOUNTS}/ann/unban", json={})
    assert answer.json()["error"]["message"] == (
        "ann is not banned from the whole site, but banned from demo: unban it with"
        " `--channel demo`."
    )


async def test_an_unban_tells_a_kick_from_a_ban(owner: httpx2.AsyncClient) -> None:
    await owner.post(f"{ACCOUNTS}/ann/kick", json={"channel_id": "demo"})
    kicked = await owner.post(f"{ACCOUNTS}/ann/unban", json={})
    await owner.post(f"{ACCOUNTS}/ann/unban", json={"channel_id": "demo"})
    await owner.post(f"{ACCOUNTS}/ann/ban", json={})
    banned = await owner.post(f"{ACCOUNTS}/ann/unban", json={"channel_id": "demo"})
    assert kicked.json()["error"]["message"].endswith(
        " whole site, but kicked out of demo: unban it with `--channel demo`."
    )
    assert banned.json()["error"]["message"].endswith(
        " nor kicked out of it, but banned from the whole site: unban it without --channel."
    )


async def test_an_account_is_found_by_the_name_that_people_know(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    await site.token_of("ben")
    seen_at = utc_now()
    await site.context.store.accounts.saw({"ann": "Sam", "ben": "sam"}, seen_at)
    path, known = f"{ACCOUNTS}/Sam", {"seen_as": True}
    unasked = await owner.get(path)
    twins = await owner.get(path, params=known)
    member = await owner.get(path, params={**known, "channel_id": "demo"})
    nowhere = await owner.get(path, params={**known, "channel_id": "nowhere"})
    nobody = await owner.get(f"{ACCOUNTS}/Bob", params=known)
    found = await owner.get(ACCOUNTS, params={"search": "SAM"})
    [row] = (await owner.get("/api/v1/channels/demo/members")).json()["members"]

    assert unasked.status_code == 404
    assert (twins.status_code, twins.json()["error"]["message"]) == (
        400,
        "Two watchers are called Sam: name one by id: ann, ben.",
    )
    assert (member.json()["username"], member.json()["seen_as"]) == ("ann", "Sam")
    assert "no channel 'nowhere'" in nowhere.json()["error"]["message"]
    assert nobody.json()["error"]["message"].startswith("There is no account 'Bob'")
    assert [one["username"] for one in found.json()["accounts"]] == ["ann", "ben"]
    assert (row["username"], row["seen_as"]) == ("ann", "Sam")
    assert datetime.fromisoformat(row["seen_at"]) == seen_at


@pytest.mark.parametrize("body", [{}, {"password": "a new password"}])
async def test_a_reset_password_is_shown_and_old_tokens_are_revoked(
    site: Site, owner: httpx2.AsyncClient, body: dict[str, str]
) -> None:
    old = (await owner.post("/api/token/", data=ANN)).json()["refresh"]
    shown = (await owner.post(f"{ACCOUNTS}/ann/reset-password", json=body)).json()["password"]

    assert shown == body.get("password", shown)
    assert len(shown) >= 14
    assert (await owner.post("/api/token/", data=ANN)).status_code == 401
    new = await owner.post("/api/token/", data={"username": "ann", "password": shown})
    again = await owner.post("/api/token/refresh/", data={"refresh": new.json()["refresh"]})
    revoked = await owner.post("/api/token/refresh/", data={"refresh": old})
    assert [new.status_code, again.status_code, revoked.status_code] == [200, 200, 401]
    assert site.hub.told == [("tokens revoked", str((await account(site)).id))]


async def test_a_deleted_account_is_gone(site: Site, owner: httpx2.AsyncClient) -> None:
    await connect(site, "demo")
    assert (await owner.delete(f"{ACCOUNTS}/ann")).json() == {"closed": 1}
    assert site.hub.told == [("account deleted", "ann")]
    assert (await owner.get(f"{ACCOUNTS}/ann")).status_code == 404
    assert (await owner.delete(f"{ACCOUNTS}/ann")).status_code == 404


async def test_a_name_with_slashes_is_one_segment(site: Site, owner: httpx2.AsyncClient) -> None:
    await site.token_of("a/b c")
    shown = await owner.get(f"{ACCOUNTS}/a%2Fb%20c")
    assert (shown.status_code, shown.json()["username"]) == (200, "a/b c")


async def test_members_are_added_shown_and_removed(site: Site, owner: httpx2.AsyncClient) -> None:
    path = "/api/v1/channels/demo/members"
    await site.token_of("ben")
    added = await owner.put(f"{path}/ben")
    await owner.put(f"{path}/ben")
    until = utc_now() + timedelta(minutes=10)
    await site.context.store.exclusions.add((await account(site)).id, "demo", until)
    await connect(site, "demo", "other")
    members = (await owner.get(path)).json()["members"]
    removed = await owner.delete(f"{path}/ann")

    assert (added.status_code, added.json()["username"]) == (200, "ben")
    assert [
        (m["username"], m["is_admin"], m["excluded"], m["until"] is None, m["sockets"])
        for m in members
    ] == [("ann", False, "kick", False, 1), ("ben", False, None, True, 0)]
    assert removed.json() == {"closed": 2}
    assert site.hub.told == [("excluded", "ann demo")]
    assert [m["username"] for m in (await owner.get(path)).json()["members"]] == ["ben"]


async def test_members_of_nothing_and_nobody_are_refused(owner: httpx2.AsyncClient) -> None:
    answers = [
        await owner.get("/api/v1/channels/nowhere/members"),
        await owner.put("/api/v1/channels/demo/members/nobody"),
        await owner.put("/api/v1/channels/nowhere/members/ann"),
        await owner.delete("/api/v1/channels/demo/members/nobody"),
    ]
    await owner.delete("/api/v1/channels/demo/members/ann")
    answers.append(await owner.delete("/api/v1/channels/demo/members/ann"))
    assert [answer.status_code for answer in answers] == [404] * 5


async def test_a_member_that_is_kept_out_may_upload_nothing(
    site: Site, owner: httpx2.AsyncClient, stored_room: None
) -> None:
    token = (await owner.post("/api/token/", data=ANN)).json()["access"]
    path = "/api/channels/demo/records/rec-1/subtitle"
    async with site.client(token) as ann:
        before = await ann.post(path, files={"file": ("a.srt", b"x")})
        await owner.post(f"{ACCOUNTS}/ann/ban", json={"channel_id": "demo"})
        after = await ann.post(path, files={"file": ("a.srt", b"x")})
    assert [before.status_code, after.status_code] == [201, 403]


async def test_an_admin_gets_another_password_and_is_deleted(
    site: Site, owner: httpx2.AsyncClient
) -> None:
    await site.token_of("root", is_admin=True)
    changed = await owner.post("/api/v1/admins/root/passwd", json={"password": "another one"})
    login = {"username": "root", "password": "another one"}
    assert (changed.status_code, changed.json()["username"]) == (200, "root")
    assert (await owner.post("/api/token/", data=login)).status_code == 200
    assert (await owner.delete("/api/v1/admins/root")).json() == {"closed": 0}
    assert (await owner.get("/api/v1/admins")).json() == {"admins": []}


async def test_who_is_no_admin_is_none_to_the_administration_of_admins(
    owner: httpx2.AsyncClient,
) -> None:
    answers = [
        await owner.post("/api/v1/admins/ann/passwd", json={"password": "long enough"}),
        await owner.delete("/api/v1/admins/ann"),
        await owner.delete("/api/v1/admins/nobody"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert (await owner.get(f"{ACCOUNTS}/ann")).status_code == 200
