from collections.abc import Callable

import httpx2

from bunga_cli.settings import Settings
from bunga_cli.web import create_pages


def _client(settings: Callable[[], Settings]) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(create_pages(settings))
    return httpx2.AsyncClient(transport=transport, base_url="http://bunga.test:8000")


def _named(name: str, **server: str) -> Callable[[], Settings]:
    settings = Settings.model_validate({"site": {"name": name}, "server": server})
    return lambda: settings


async def test_the_homepage_escapes_the_sites_name() -> None:
    async with _client(_named("<script>alert(1)</script> & $base_url")) as client:
        page = (await client.get("/")).text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; $base_url" in page


async def test_the_homepage_shows_what_a_channels_address_looks_like() -> None:
    async with _client(_named("Home")) as client:
        assert "http://bunga.test:8000/api/channels/" in (await client.get("/")).text
    async with _client(_named("Home", public_url="https://b.example")) as client:
        assert "https://b.example/api/channels/" in (await client.get("/")).text


async def test_pages_load_nothing_from_elsewhere() -> None:
    async with _client(_named("Home")) as client:
        page = await client.get("/")
        style = await client.get("/static/pages.css")
    assert 'href="/static/pages.css"' in page.text
    assert "src=" not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src")
    assert style.headers["content-type"].startswith("text/css")
    assert "url(" not in style.text


async def test_the_console_tells_how_the_site_is_run() -> None:
    async with _client(_named("<Home>")) as client:
        answer = await client.get("/console")
    assert answer.status_code == 200
    assert "bunga channels create" in answer.text
    assert "&lt;Home&gt;" in answer.text


async def test_what_is_not_found_is_a_page_for_people() -> None:
    async with _client(_named("<Home>")) as client:
        answer = await client.get("/nothing")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text
    assert "&lt;Home&gt;" in answer.text


async def test_pages_are_only_read() -> None:
    async with _client(_named("Home")) as client:
        assert (await client.post("/")).status_code == 405
