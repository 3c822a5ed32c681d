import httpx2
import pytest


async def test_a_choice_is_kept_and_the_visitor_comes_back(stranger: httpx2.AsyncClient) -> None:
    chosen = {"language": "zh", "next": "/?channel=demo"}
    answer = await stranger.post("/preferences", data=chosen)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?channel=demo")
    assert '<html lang="zh"' in (await stranger.get("/")).text


async def test_colours_are_kept_as_well(stranger: httpx2.AsyncClient) -> None:
    assert "data-theme" not in (await stranger.get("/")).text
    await stranger.post("/preferences", data={"theme": "dark"})
    assert 'data-theme="dark"' in (await stranger.get("/")).text


@pytest.mark.parametrize(
    "chosen", [{"language": "xx"}, {"theme": "pink"}, {"theme": ""}, {}, {"other": "zh"}]
)
async def test_nothing_else_is_kept(stranger: httpx2.AsyncClient, chosen: dict[str, str]) -> None:
    answer = await stranger.post("/preferences", data=chosen)
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "//[",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\r\nSet-Cookie: a=b",
        "/\u00e9",
        "evil",
        "",
        "/" + "a" * 3000,
    ],
)
async def test_nobody_is_sent_elsewhere(stranger: httpx2.AsyncClient, path: str) -> None:
    answer = await stranger.post("/preferences", data={"next": path, "theme": "dark"})
    assert answer.headers["location"] == "/"


async def test_what_is_no_form_is_refused(stranger: httpx2.AsyncClient) -> None:
    kind = {"Content-Type": "text/plain"}
    answer = await stranger.post("/preferences", content=b"theme=dark", headers=kind)
    assert answer.status_code == 415
    assert "That cannot be read" in answer.text
