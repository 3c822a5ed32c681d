"""`/api/v1/logs`."""

import logging

import httpx2
import pytest

from tests.api.site import Site


def log(site: Site, level: str, message: str) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    record = logging.LogRecord("bunga_cli.test", number, "", 0, message, (), None)
    site.context.logs.handle(record)


async def test_the_end_of_the_log_is_shown(site: Site, admin: httpx2.AsyncClient) -> None:
    log(site, "warning", "The disk is <full>.")
    entries = (await admin.get("/api/v1/logs")).json()["entries"]
    assert [entry["message"] for entry in entries] == ["one line", "The disk is <full>."]
    last = entries[-1]
    assert set(last) == {"id", "at", "level", "logger", "message", "traceback"}
    assert (last["level"], last["logger"], last["traceback"]) == ("warning", "bunga_cli.test", "")


async def test_it_can_be_narrowed_and_followed(site: Site, admin: httpx2.AsyncClient) -> None:
    log(site, "error", "One")
    log(site, "info", "Two")

    async def said(**query: str | int) -> list[str]:
        entries = (await admin.get("/api/v1/logs", params=query)).json()["entries"]
        return [entry["message"] for entry in entries]

    entries = (await admin.get("/api/v1/logs")).json()["entries"]
    assert await said(level="warning") == ["One"]
    assert await said(text="tw") == ["Two"]
    assert await said(last=1) == ["Two"]
    assert await said(after=entries[1]["id"]) == ["Two"]


@pytest.mark.parametrize("query", ["level=loud", "last=0", "last=1001", "after=-1"])
async def test_what_makes_no_sense_is_refused(admin: httpx2.AsyncClient, query: str) -> None:
    answer = await admin.get(f"/api/v1/logs?{query}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
