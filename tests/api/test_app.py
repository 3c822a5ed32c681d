"""What holds for every answer."""

import httpx2
import pytest

from tests.api.site import Site


async def test_the_server_says_that_it_is_there(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert (await stranger.head("/healthz")).status_code == 200


async def test_an_unexpected_error_tells_nothing(
    site: Site, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr(site.context.store.channels, "list", broken)
    legacy = await admin.get("/api/channels/")
    ours = await admin.get("/api/v1/channels")
    assert (legacy.status_code, legacy.json()) == (500, {"detail": "Server error."})
    assert ours.json() == {"error": {"code": "server_error", "message": "Server error."}}


async def test_an_unexpected_error_goes_on_to_who_logs_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_name: str) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(site.context.store.accounts, "by_name", broken)
    transport = httpx2.ASGITransport(site.app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://bunga.test") as client:
        with pytest.raises(RuntimeError, match="broken"):
            await client.post("/api/token/", data={"username": "ann", "password": "x"})


@pytest.mark.parametrize(
    ("path", "source", "referrer"),
    [
        ("/", "'self'", "same-origin"),
        ("/nothing", "'self'", "same-origin"),
        ("/healthz", "'none'", "no-referrer"),
        ("/api/site", "'none'", "no-referrer"),
        ("/api/nothing", "'none'", "no-referrer"),
    ],
)
async def test_every_answer_carries_the_security_headers(
    stranger: httpx2.AsyncClient, path: str, source: str, referrer: str
) -> None:
    headers = (await stranger.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == referrer
    assert f"default-src {source}" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/alist-host", "/media/x"])
async def test_an_unknown_path_of_the_api_answers_in_json(
    stranger: httpx2.AsyncClient, path: str
) -> None:
    answer = await stranger.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not found."})


async def test_every_path_is_served_with_and_without_a_slash_at_its_end(
    stranger: httpx2.AsyncClient,
) -> None:
    schema = (await stranger.get("/api/openapi.json")).json()
    paths = [path for path, methods in schema["paths"].items() if "get" in methods]
    for path in paths:
        filled = path.replace("{channel_id}", "demo").replace("{log_id}", "1")
        plain, slashed = await stranger.get(filled), await stranger.get(filled + "/")
        assert (plain.status_code, plain.text) == (slashed.status_code, slashed.text)


async def test_the_docs_page_opens_no_foreign_address(stranger: httpx2.AsyncClient) -> None:
    page = await stranger.get("/api/docs/")
    assert page.status_code == 200
    assert "://" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("file", "kind"),
    [("swagger-ui-bundle.js", "javascript"), ("swagger-ui.css", "css"), ("start.js", "javascript")],
)
async def test_the_docs_page_finds_its_parts(
    stranger: httpx2.AsyncClient, file: str, kind: str
) -> None:
    page, part = await stranger.get("/api/docs"), await stranger.get(f"/api/docs/{file}")
    assert f'"/api/docs/{file}"' in page.text
    assert part.status_code == 200
    assert kind in part.headers["content-type"]


async def test_the_docs_page_serves_nothing_else(stranger: httpx2.AsyncClient) -> None:
    for file in ("redoc.standalone.js", "..%2F__init__.py"):
        assert (await stranger.get(f"/api/docs/{file}")).status_code == 404
