"""Local files through a real server."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from bunga_gallery.ranges import Part, Unsatisfiable, parts_of
from tests.plugins.gallery.kit import Site, gallery_site, put, scan

VIDEO = bytes(range(256)) * 4096


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    put(tmp_path / "videos", "Film.mp4", content=VIDEO)
    return tmp_path / "videos"


@pytest.fixture
async def site(videos: Path) -> AsyncIterator[Site]:
    async with gallery_site(local_folders=[str(videos)]) as running:
        yield running


async def test_a_video_is_sent_whole_to_whoever_has_its_address(site: Site) -> None:
    address = await site.address_of("film")
    site.harness.account = None

    answer = await site.get(address)

    assert answer.status_code == 200
    assert answer.content == VIDEO
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["accept-ranges"] == "bytes"
    assert address.startswith(str(site.client.base_url).rstrip("/"))
    assert address.endswith("/Film.mp4")


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-99", 0, 99),
        ("bytes=100-", 100, len(VIDEO) - 1),
        ("bytes=-10", len(VIDEO) - 10, len(VIDEO) - 1),
        (f"bytes=5-{len(VIDEO) * 2}", 5, len(VIDEO) - 1),
    ],
)
async def test_a_player_gets_the_part_it_asks_for(
    site: Site, wanted: str, first: int, last: int
) -> None:
    answer = await site.get(await site.address_of("film"), headers={"Range": wanted})

    assert answer.status_code == 206
    assert answer.content == VIDEO[first : last + 1]
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(VIDEO)}"
    assert answer.headers["content-length"] == str(last + 1 - first)


async def test_several_parts_come_in_one_answer(site: Site) -> None:
    answer = await site.get(await site.address_of("film"), headers={"Range": "bytes=0-1,10-11"})

    boundary = answer.headers["content-type"].removeprefix("multipart/byteranges; boundary=")
    expected = "".join(
        f"--{boundary}\r\nContent-Type: video/mp4\r\nContent-Range: bytes {part}/{len(VIDEO)}"
        f"\r\n\r\n{content}\r\n"
        for part, content in (("0-1", "\x00\x01"), ("10-11", "\x0a\x0b"))
    )
    assert answer.status_code == 206
    assert answer.content == f"{expected}--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("bytes=0-9", [(0, 10)]),
        ("BYTES = 5 - 7 , -2", [(5, 8), (98, 100)]),
        ("bytes=90-", [(90, 100)]),
        ("bytes=-500", [(0, 100)]),
        ("bytes=0-9999999999999999999", [(0, 100)]),
        ("bytes=0-1,200-300", [(0, 2)]),
        ("bytes=5-1", []),
        ("bytes=a-b", []),
        ("bytes=-", []),
        ("bytes=", []),
        ("bytes=,", []),
        ("bytes=1", []),
        ("bytes=0-1;x", []),
        ("bytes=\u0661-5", []),
        ("bytes=" + "9" * 5000 + "-", []),
        ("bytes=0-5,3-9", []),
        ("bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(21)), []),
        ("items=0-1", []),
        ("", []),
    ],
)
def test_a_range_means_these_bytes_of_a_hundred(header: str, parts: list[tuple[int, int]]) -> None:
    assert parts_of(header, 100) == [Part(*part) for part in parts]


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0", "bytes=100-200,300-"])
def test_a_range_of_nothing_that_is_there_is_refused(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        parts_of(header, 100)


@pytest.mark.parametrize("wanted", [f"bytes={len(VIDEO)}-", "bytes=-0"])
async def test_a_part_behind_the_end_is_refused(site: Site, wanted: str) -> None:
    answer = await site.get(await site.address_of("film"), headers={"Range": wanted})

    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(VIDEO)}"


async def test_a_range_in_another_unit_is_not_understood_and_so_ignored(site: Site) -> None:
    answer = await site.get(await site.address_of("film"), headers={"Range": "seconds=10-20"})

    assert (answer.status_code, len(answer.content)) == (200, len(VIDEO))


@pytest.mark.parametrize("header", ["etag", "last-modified"])
async def test_a_part_is_sent_only_while_the_file_is_the_same(
    site: Site, videos: Path, header: str
) -> None:
    address = await site.address_of("film")
    same = (await site.client.head(address)).headers[header]
    wanted = {"Range": "bytes=0-9", "If-Range": same}

    assert (await site.get(address, headers=wanted)).status_code == 206

    put(videos, "Film.mp4", content=b"cut" * 100)
    os.utime(videos / "Film.mp4", (1, 1))
    changed = await site.get(address, headers=wanted)
    assert (changed.status_code, changed.content) == (200, b"cut" * 100)


async def test_head_tells_size_and_type_and_sends_nothing(site: Site) -> None:
    address = await site.address_of("film")

    answer = await site.client.head(address, headers={"Range": "bytes=0-9"})

    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == str(len(VIDEO))
    assert answer.headers["content-type"] == "video/mp4"
    assert {"etag", "last-modified"} <= set(answer.headers)


async def test_an_empty_file_is_sent_as_what_it_is(site: Site, videos: Path) -> None:
    put(videos, "Film.mp4", content=b"")
    address = await site.address_of("film")

    assert (await site.get(address)).content == b""
    assert (await site.get(address, headers={"Range": "bytes=0-"})).status_code == 416


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mkv", "video/x-matroska"),
        ("b.webm", "video/webm"),
        ("c.MOV", "video/quicktime"),
        ("d.m2ts", "video/mp2t"),
        ("e.avi", "video/x-msvideo"),
    ],
)
async def test_a_video_says_what_it_is(tmp_path: Path, name: str, kind: str) -> None:
    put(tmp_path, name)
    async with gallery_site(local_folders=[str(tmp_path)]) as site:
        answer = await site.get(await site.address_of(Path(name).stem))

    assert answer.headers["content-type"] == kind


async def test_a_poster_is_served_as_the_videos_are(site: Site, videos: Path) -> None:
    put(videos, "Film.jpg", content=b"picture")
    [media] = await site.found("film")

    answer = await site.get(media["thumb_url"])

    assert (answer.content, answer.headers["content-type"]) == (b"picture", "image/jpeg")


async def test_an_address_expires(site: Site, videos: Path) -> None:
    [key] = scan([videos], 10).files
    token = site.harness.context.sign({"file": key}, -1)

    answer = await site.get(f"/api/gallery/files/{token}/Film.mp4")

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "nonsense/Film.mp4",
        "..%2F..%2Fetc%2Fpasswd/Film.mp4",
        "eyJhbGciOiJub25lIn0.eyJwIjp7ImZpbGUiOiJ4In0sImV4cCI6OTk5OTk5OTk5OX0./Film.mp4",
    ],
)
async def test_an_address_that_was_not_made_here_is_refused(site: Site, path: str) -> None:
    answer = await site.get(f"/api/gallery/files/{path}")

    assert answer.status_code == 403


@pytest.mark.parametrize("payload", [{"file": "../../etc/passwd"}, {"file": 5}, {"other": "x"}])
async def test_a_token_for_no_file_finds_nothing(site: Site, payload: dict[str, object]) -> None:
    token = site.harness.context.sign(payload, 60)

    assert (await site.get(f"/api/gallery/files/{token}/x")).status_code == 404


async def test_the_name_in_an_address_opens_nothing(site: Site, tmp_path: Path) -> None:
    put(tmp_path, "private.mp4", content=b"private")
    address = await site.address_of("film")

    answer = await site.get(address.replace("Film.mp4", "..%2F..%2Fprivate.mp4"))

    assert answer.content == VIDEO


async def test_a_file_that_is_gone_is_not_found(site: Site, videos: Path) -> None:
    address = await site.address_of("film")
    (videos / "Film.mp4").unlink()

    assert (await site.get(address)).status_code == 404


async def test_a_file_that_became_a_symlink_to_the_outside_is_not_sent(
    site: Site, videos: Path, tmp_path: Path
) -> None:
    put(tmp_path, "private.mp4", content=b"private")
    address = await site.address_of("film")
    (videos / "Film.mp4").unlink()
    (videos / "Film.mp4").symlink_to(tmp_path / "private.mp4")

    assert (await site.get(address)).status_code == 404


async def test_addresses_of_a_folder_end_when_it_is_no_longer_offered(site: Site) -> None:
    address = await site.address_of("film")
    await site.harness.context.save_site_settings(local_folders=[])

    assert (await site.get(address)).status_code == 404


async def test_an_address_outlives_a_restart(site: Site, videos: Path) -> None:
    address = await site.address_of("film")
    async with gallery_site(local_folders=[str(videos)]) as after:
        answer = await after.get(httpx2.URL(address).path)

    assert answer.content == VIDEO
