"""Answers that a good server never gives."""

import asyncio

from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from tests.plugins.bilibili.standin import Asked, Handler, banned, envelope


async def never(_asked: Asked) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


async def error_500(_asked: Asked) -> Response:
    return Response("Internal Server Error", 500)


async def html(_asked: Asked) -> Response:
    return HTMLResponse("<!DOCTYPE html><title>哔哩哔哩</title>")


async def banned_as_page(_asked: Asked) -> Response:
    return HTMLResponse("<!DOCTYPE html><title>出错啦! - bilibili.com</title>", 412)


async def banned_as_json(_asked: Asked) -> Response:
    return banned()


async def another_shape(_asked: Asked) -> Response:
    return envelope(0, "0", {"uname": ["ann"], "wbi_img": None})


async def no_data(_asked: Asked) -> Response:
    return envelope(0, "0")


async def a_list(_asked: Asked) -> Response:
    return JSONResponse([1, 2, 3])


async def cut_off(_asked: Asked) -> Response:
    return Response(b'{"code":0,"mess', media_type="application/json")


async def risk_control(_asked: Asked) -> Response:
    return envelope(-352, "风控校验失败", {"v_voucher": "voucher_84a8c3ce"})


async def huge(_asked: Asked) -> Response:
    return Response(b" " * (2 << 20), media_type="application/json")


async def inwards(_asked: Asked) -> Response:
    return RedirectResponse("http://169.254.169.254/latest/meta-data/", 302)


BAD_ANSWERS: dict[str, tuple[Handler, str]] = {
    "slow": (never, "cannot be reached"),
    "status 500": (error_500, "not understood"),
    "HTML": (html, "not understood"),
    "412 with a page": (banned_as_page, "too many requests"),
    "412 with JSON": (banned_as_json, "too many requests"),
    "another shape": (another_shape, "not understood"),
    "no data": (no_data, "not understood"),
    "a list": (a_list, "not understood"),
    "cut off": (cut_off, "not understood"),
    "risk control": (risk_control, "风控校验失败"),
    "huge": (huge, "cannot be reached"),
    "a redirect inside": (inwards, "cannot be reached"),
}
"""Each way to go wrong, and what should be said of it."""
