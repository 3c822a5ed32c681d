"""The gallery in a whole server, as it is installed."""

from pathlib import Path

import httpx2

from benchmarks.target import free_port
from tests.plugins.gallery.kit import put
from tests.servers import running_site


def test_a_member_finds_a_film_on_the_server_and_watches_a_part_of_it(tmp_path: Path) -> None:
    put(tmp_path / "videos", "Amélie (2001)/film.mp4", content=bytes(range(256)))
    config = tmp_path / "bunga.toml"
    config.write_text(f"[plugins.gallery]\nlocal_folders = ['{tmp_path / 'videos'}']\n")

    with running_site(tmp_path / "data", "--config", str(config)) as site:
        token = site.register("lobby", "ann")["token"]["access"]
        with httpx2.Client(
            base_url=site.url, headers={"Authorization": f"Bearer {token}"}
        ) as member:
            finds = member.get("/api/gallery/search/?keyword=amelie").json()
            path = f"/api/gallery/{finds['This server']['results'][0]['key']}"
            detail = member.get(f"{path}/?linker=local").json()
            query = {"linker": "local", "ep": detail["episodes"][0]["id"]}
            [source] = member.get(f"{path}/sources/", params=query).json()["sources"]
            refused = member.get("/api/gallery/linkers/")
        part = httpx2.get(source["url"], headers={"Range": "bytes=5-9"})
        stranger = httpx2.get(f"{site.url}/api/gallery/search/?keyword=amelie")

    assert (part.status_code, part.content) == (206, bytes(range(5, 10)))
    assert part.headers["content-type"] == "video/mp4"
    assert (refused.status_code, stranger.status_code) == (403, 403)


def test_its_addresses_begin_as_the_operator_says(tmp_path: Path) -> None:
    put(tmp_path / "videos", "Film.mp4", "Film.jpg")
    port = free_port()
    settings = {
        "PLUGINS__GALLERY__LOCAL_FOLDERS": str(tmp_path / "videos"),
        "SERVER__PUBLIC_URL": f"http://localhost:{port}",
    }
    with running_site(tmp_path / "data", "--port", str(port), **settings) as site:
        token = site.register("lobby", "ann")["token"]["access"]
        search = f"http://127.0.0.1:{port}/api/gallery/search/?keyword=film"
        finds = httpx2.get(search, headers={"Authorization": f"Bearer {token}"}).json()
    [find] = finds["This server"]["results"]
    assert find["thumb_url"].startswith(f"http://localhost:{port}/api/gallery/files/")
