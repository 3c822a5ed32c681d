import httpx2
import pytest

from bunga_cli.web.assets import ASSETS, asset_url


@pytest.mark.parametrize("name", sorted(ASSETS))
async def test_every_file_is_served_as_what_it_is(stranger: httpx2.AsyncClient, name: str) -> None:
    answer = await stranger.get(asset_url(name))
    assert answer.status_code == 200
    assert answer.content == ASSETS[name].body
    assert answer.headers["content-type"].split(";")[0] == ASSETS[name].media_type
    assert "octet-stream" not in answer.headers["content-type"]


async def test_an_address_with_the_hash_is_good_for_ever(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get(asset_url("pages.css"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("query", ["", "?v=", "?v=older"])
async def test_any_other_address_is_asked_for_again(
    stranger: httpx2.AsyncClient, query: str
) -> None:
    answer = await stranger.get(f"/static/pages.css{query}")
    assert answer.headers["cache-control"] == "no-cache"
    known = {"If-None-Match": answer.headers["etag"]}
    again = await stranger.get(f"/static/pages.css{query}", headers=known)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["nothing.css", "../home.py", "..%2Fhome.py", "vendor", "vendor/"])
async def test_no_other_file_is_served(stranger: httpx2.AsyncClient, name: str) -> None:
    assert (await stranger.get(f"/static/{name}")).status_code == 404


def test_the_stylesheet_loads_nothing() -> None:
    style = ASSETS["pages.css"].body.decode()
    assert "@import" not in style
    assert "http:" not in style.replace("http://www.w3.org/", "")
    assert "https:" not in style
