"""Files that players send, and what becomes of them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from bunga_cli.auth.tokens import Subject
from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.sync.values import SERVER, Projection, VideoRecord
from bunga_cli.sync.views import RoomView
from tests.api.site import Site

SUBTITLE = "/api/channels/demo/records/rec-1/subtitle"
LOGS = "/api/client-logs/"
MIB = 1024 * 1024


def _files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def _upload(client: httpx2.AsyncClient, name: str, content: bytes = b"text") -> str:
    answer = await client.post(SUBTITLE, files={"file": (name, content)})
    assert answer.status_code == 201
    return urlsplit(str(answer.json()["file"])).path


async def test_a_subtitle_is_served_to_whoever_knows_its_address(
    member: httpx2.AsyncClient, stranger: httpx2.AsyncClient, stored_room: None
) -> None:
    path = await _upload(member, "My.Sub.srt", b"1\r\n\xff")
    answer = await stranger.get(path)
    assert (answer.status_code, answer.content) == (200, b"1\r\n\xff")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == 'attachment; filename="My.Sub.srt"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await stranger.head(path)).status_code == 200


async def test_members_are_told_which_subtitles_a_record_has(
    member: httpx2.AsyncClient, stranger: httpx2.AsyncClient, stored_room: None
) -> None:
    first, second = await _upload(member, "a.srt"), await _upload(member, "b.ass")
    told = (await member.get(f"{SUBTITLE}s")).json()["subtitles"]
    assert [(each["name"], urlsplit(each["file"]).path) for each in told] == [
        ("a", first),
        ("b", second),
    ]
    nothing = await member.get("/api/channels/demo/records/none/subtitles")
    assert nothing.json() == {"subtitles": []}
    assert (await stranger.get(f"{SUBTITLE}s")).status_code in (401, 403)


@pytest.mark.parametrize(
    ("name", "ending"),
    [("a.SRT", ".srt"), ("a.ass", ".ass"), ("a.html", ".bin"), ("a", ".bin"), ("a.srt/", ".srt")],
)
async def test_a_subtitle_is_kept_under_a_name_of_ours(
    member: httpx2.AsyncClient, stored_room: None, name: str, ending: str
) -> None:
    first, second = await _upload(member, name), await _upload(member, name)
    assert first != second
    assert Path(first).suffix == Path(second).suffix == ending
    assert len(Path(first).stem) >= 22


async def test_an_uploaded_name_leads_nowhere(
    member: httpx2.AsyncClient, stored_room: None, tmp_path: Path
) -> None:
    before = _files_in(tmp_path)
    answer = await member.post(SUBTITLE, files={"file": ("../../../evil.srt", b"x")})
    kept = _files_in(tmp_path / "media" / "subtitles")
    assert answer.json()["name"] == "evil"
    assert len(kept) == 1
    assert [name for name in _files_in(tmp_path) if name not in before] == kept


@pytest.mark.parametrize(
    "name", ["nothing.srt", "..%2F..%2Fbunga.db", "%2E%2E/%2E%2E/bunga.db", "%00", ".", "%FF"]
)
async def test_what_was_not_uploaded_is_not_served(
    member: httpx2.AsyncClient, stored_room: None, name: str
) -> None:
    await _upload(member, "a.srt")
    answer = await member.get(f"/media/subtitles/{name}")
    assert answer.status_code == 404


async def test_a_stranger_to_the_channel_uploads_nothing(site: Site, stored_room: None) -> None:
    async with site.client(await site.token_of("bob")) as bob:
        answer = await bob.post(SUBTITLE, files={"file": ("a.srt", b"x")})
    assert answer.status_code == 403
    assert _files_in(site.context.media) == []


async def test_an_admin_may_upload_without_being_a_member(
    admin: httpx2.AsyncClient, stored_room: None
) -> None:
    await _upload(admin, "a.srt")


async def test_a_record_on_screen_takes_a_subtitle_before_it_is_stored(
    site: Site, member: httpx2.AsyncClient
) -> None:
    record = VideoRecord("rec-1", "A film", None, "http", "http://a/b")
    projection = Projection(record, SERVER)
    site.hub.live["demo"] = RoomView("demo", "paused", 0, projection, (), (), (), False, 1)
    await _upload(member, "a.srt")
    stored = await site.context.store.uploads.record("demo", "rec-1")
    assert stored is not None
    assert (stored.title, stored.position_us) == ("A film", 0)


async def test_a_file_over_the_limit_is_refused_before_it_is_read(
    site: Site, member: httpx2.AsyncClient, stored_room: None
) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.srt"\r\n\r\n'
        while True:
            sent += 65_536
            yield b"x" * 65_536

    answer = await member.post(
        SUBTITLE, content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert (answer.status_code, answer.json()) == (
        400,
        {"file": ["File size cannot exceed 5MB."]},
    )
    assert sent < 6 * MIB
    assert _files_in(site.context.media) == []


async def test_a_length_over_the_limit_is_refused_unread(member: httpx2.AsyncClient) -> None:
    sent = []

    async def body() -> AsyncIterator[bytes]:
        sent.append(1)
        yield b"x"

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(5 << 30)}
    answer = await member.post(LOGS, content=body(), headers=headers)
    assert answer.json() == {"file": ["File size cannot exceed 1MB."]}
    assert sent == []


async def test_the_limits_are_settings(open_site: Callable[..., Site], store: Store) -> None:
    site = open_site(limits={"client_log_max": 10})
    async with site.client(await site.token_of("ann")) as ann:
        form = {"channel_id": "demo"}
        small = await ann.post(LOGS, data=form, files={"file": ("a.log", b"x" * 10)})
        large = await ann.post(LOGS, data=form, files={"file": ("a.log", b"x" * 11)})
    assert (small.status_code, large.status_code) == (201, 400)
    assert large.json() == {"file": ["File size cannot exceed 10 bytes."]}


@pytest.mark.parametrize("content", [b"", b"--x", b"--x\r\n\r\n\r\n--x--", b"\xff" * 100], ids=repr)
async def test_a_broken_form_is_a_bad_request(
    member: httpx2.AsyncClient, stored_room: None, content: bytes
) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await member.post(SUBTITLE, content=content, headers=headers)
    assert answer.status_code == 400


async def test_text_instead_of_a_file_is_refused(
    member: httpx2.AsyncClient, stored_room: None
) -> None:
    answer = await member.post(SUBTITLE, files={"file": (None, "text")})
    assert answer.json() == {"file": ["The submitted data was not a file."]}


async def test_no_file_stays_behind_when_it_cannot_be_noted(
    site: Site,
    member: httpx2.AsyncClient,
    stored_room: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = []

    async def record_is_gone(*_: object) -> None:
        kept.extend(_files_in(site.context.media))
        raise NotFound("The record was removed.")

    monkeypatch.setattr(site.context.store.uploads, "add_subtitle", record_is_gone)
    answer = await member.post(SUBTITLE, files={"file": ("a.srt", b"x")})
    assert answer.status_code == 404
    assert len(kept) == 1
    assert _files_in(site.context.media) == []


async def test_subtitles_go_with_their_channel(
    site: Site, member: httpx2.AsyncClient, admin: httpx2.AsyncClient, stored_room: None
) -> None:
    path = await _upload(member, "a.srt")
    await admin.delete("/api/channels/demo/")
    assert _files_in(site.context.media) == []
    assert (await admin.get(path)).status_code == 404


async def test_logs_are_for_admins_under_any_address(
    member: httpx2.AsyncClient, admin: httpx2.AsyncClient, stranger: httpx2.AsyncClient
) -> None:
    form, files = {"channel_id": "a/b"}, {"file": ("a.log", b"secret")}
    log = (await member.post(LOGS, data=form, files=files)).json()
    path = urlsplit(log["file"]).path
    assert [(await c.get(path)).status_code for c in (stranger, member, admin)] == [403, 403, 200]
    assert log["download_filename"].startswith("a_b_ann_")


async def test_a_deleted_log_leaves_no_file(
    site: Site, member: httpx2.AsyncClient, admin: httpx2.AsyncClient
) -> None:
    form, files = {"channel_id": "demo"}, {"file": ("a.log", b"x")}
    log = (await member.post(LOGS, data=form, files=files)).json()
    assert len(_files_in(site.context.media)) == 1
    await admin.delete(f"{LOGS}{log['id']}/")
    assert _files_in(site.context.media) == []


@pytest.mark.parametrize("log_id", ["7", "x", "9" * 18, "9" * 40, "-1"])
async def test_a_log_that_is_not_there_is_not_found(admin: httpx2.AsyncClient, log_id: str) -> None:
    assert (await admin.get(f"{LOGS}{log_id}/")).status_code == 404


async def test_addresses_begin_with_the_public_url(
    open_site: Callable[..., Site], store: Store
) -> None:
    site = open_site(server={"public_url": "https://bunga.example.org/sub/"})
    async with site.client(await site.token_of("ann")) as ann:
        form, files = {"channel_id": "demo"}, {"file": ("a.log", b"x")}
        log = (await ann.post(LOGS, data=form, files=files)).json()
    assert log["file"] == "https://bunga.example.org/sub/api/client-logs/1/download/"


async def test_a_forged_host_is_not_repeated(member: httpx2.AsyncClient) -> None:
    form, files = {"channel_id": "demo"}, {"file": ("a.log", b"x")}
    headers = {"Host": "evil.test/x?"}
    log = (await member.post(LOGS, data=form, files=files, headers=headers)).json()
    assert "evil" not in log["file"]


async def test_a_token_for_one_channel_uploads_no_log_of_another(site: Site, store: Store) -> None:
    await site.token_of("ann", "demo")
    ann = await store.accounts.by_name("ann")
    assert ann is not None
    token = site.context.tokens.issue("access", Subject(ann.id, "demo"))
    files = {"file": ("a.log", b"x")}
    async with site.client(token) as client:
        answers = [
            await client.post(LOGS, data={"channel_id": channel}, files=files)
            for channel in ("demo", "other")
        ]
    assert [answer.status_code for answer in answers] == [201, 403]
    assert len(_files_in(site.context.media)) == 1


@pytest.mark.parametrize("banned_from", ["demo", None])
async def test_who_is_banned_uploads_no_log(
    site: Site, member: httpx2.AsyncClient, banned_from: str | None
) -> None:
    await site.context.people.ban("ann", banned_from)
    files = {"file": ("a.log", b"x")}
    refused = await member.post(LOGS, data={"channel_id": "demo"}, files=files)
    elsewhere = await member.post(LOGS, data={"channel_id": "other"}, files=files)
    assert refused.status_code == 403
    assert elsewhere.status_code == (201 if banned_from else 403)
    assert len(_files_in(site.context.media)) == (1 if banned_from else 0)
