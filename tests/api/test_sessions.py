"""`/api/v1/sessions`: who is signed in to the console, and the end of that."""

from datetime import timedelta

import httpx2

from bunga_cli.clock import utc_now
from tests.api.site import PASSWORD_HASH, Site


async def signed_in(site: Site, name: str) -> str:
    """Let an admin of that name in, and return the secret of the browser's cookie."""
    account = await site.context.store.accounts.create(name, PASSWORD_HASH, is_admin=True)
    standing = await site.context.store.accounts.standing(account.id)
    assert standing is not None
    return await site.context.sessions.open(standing, "192.0.2.7", "a browser")


async def test_browsers_are_listed_without_what_opens_them(
    site: Site, admin: httpx2.AsyncClient
) -> None:
    secret = await signed_in(site, "bob")
    answer = await admin.get("/api/v1/sessions")
    [session] = answer.json()["sessions"]
    assert (session["username"], session["address"]) == ("bob", "192.0.2.7")
    assert session["agent"] == "a browser"
    assert secret not in answer.text


async def test_a_browser_is_signed_out(site: Site, admin: httpx2.AsyncClient) -> None:
    secret = await signed_in(site, "bob")
    [session] = (await admin.get("/api/v1/sessions")).json()["sessions"]
    answer = await admin.delete(f"/api/v1/sessions/{session['id']}")
    assert (answer.status_code, answer.json()["username"]) == (200, "bob")
    assert await site.context.sessions.of(secret) is None
    [entry] = await site.context.audit.list(action="sessions.")
    assert (entry.subject, entry.details) == ("bob", {"address": "192.0.2.7"})
    assert (await admin.delete(f"/api/v1/sessions/{session['id']}")).status_code == 404


async def test_what_is_over_is_not_listed(site: Site, admin: httpx2.AsyncClient) -> None:
    await signed_in(site, "bob")
    [session] = (await admin.get("/api/v1/sessions")).json()["sessions"]
    await site.context.store.sessions.touch(session["id"], utc_now() - timedelta(days=400))
    assert (await admin.get("/api/v1/sessions")).json() == {"sessions": []}
