"""What the tests of the console stand on."""

from http.cookies import SimpleCookie

import httpx2

from tests.api.site import PASSWORD, PASSWORD_HASH, Site

ADMIN = "admin"
HERE = {"Origin": "http://bunga.test", "Sec-Fetch-Site": "same-origin"}


async def make_admin(site: Site, name: str = ADMIN) -> None:
    """Make an admin with the password of all tests."""
    await site.context.store.accounts.create(name, PASSWORD_HASH, is_admin=True)


async def sign_in(client: httpx2.AsyncClient, name: str = ADMIN, **fields: str) -> httpx2.Response:
    """Send the sign-in form."""
    form = {"username": name, "password": PASSWORD, **fields}
    return await client.post("/console/sign-in", data=form, headers=HERE)


async def csrf_token(client: httpx2.AsyncClient, site: Site) -> str:
    """Return what a form of this client's session brings along."""
    session = await site.context.sessions.of(client.cookies["bunga_session"])
    assert session is not None
    return session.csrf_token


def cookie_of(answer: httpx2.Response, name: str) -> dict[str, str]:
    """Return the attributes of a cookie that an answer sets, in lower case."""
    for header in answer.headers.get_list("set-cookie"):
        cookie = SimpleCookie(header)
        if name in cookie:
            return {key: str(value) for key, value in cookie[name].items() if value}
    raise AssertionError(f"no cookie {name} in {answer.headers}")
