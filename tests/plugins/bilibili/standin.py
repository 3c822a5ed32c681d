"""A server that behaves as Bilibili's three do, or as badly as a test wants.

Shapes and rules: https://github.com/SocialSisterYi/bilibili-API-collect/tree/master/docs/login
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

NAV = "/x/web-interface/nav"
PASSPORT = "/x/passport-login/web"
QR_CODE = f"{PASSPORT}/qrcode/generate"
QR_STATE = f"{PASSPORT}/qrcode/poll"
COOKIE_INFO = f"{PASSPORT}/cookie/info"
COOKIE_REFRESH = f"{PASSPORT}/cookie/refresh"
CONFIRM = f"{PASSPORT}/confirm/refresh"
CORRESPOND = "/correspond/1/"

IMG_KEY = "7cd084941338484aae1ad9425b84077c"
SUB_KEY = "4932caff0ff746eab6f01bf08b70ac45"
MIXIN_KEY = "ea1db124af3c7062474693fa704f4ff8"
WBI = {
    "img_url": f"https://i0.hdslb.com/bfs/wbi/{IMG_KEY}.png",
    "sub_url": f"https://i0.hdslb.com/bfs/wbi/{SUB_KEY}.png",
}
FACES = "/bfs/face/"
AVATAR = b"RIFF\x0c\0\0\0WEBPVP8 , and so on"
NOW_MS = 1_774_000_000_000
VIP_DUE_MS = 1_800_000_000_000

Handler = Callable[["Asked"], Awaitable[Response]]

PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PUBLIC_KEY = (
    PRIVATE_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
)
OAEP = padding.OAEP(mgf=padding.MGF1(SHA256()), algorithm=SHA256(), label=None)


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    cookies: dict[str, str]
    headers: dict[str, str]


@dataclass(frozen=True)
class Session:
    """One browser that is logged in."""

    name: str
    sess: str
    bili_jct: str
    refresh_token: str
    is_member: bool = False

    @property
    def settings(self) -> dict[str, str]:
        """What a channel's settings are to watch with it."""
        return {
            "sess": self.sess,
            "bili_jct": self.bili_jct,
            "refresh_token": self.refresh_token,
        }


@dataclass
class Bilibili:
    """The accounts, and what was asked."""

    url: str = ""
    sessions: dict[str, Session] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    instead: dict[str, Handler] = field(default_factory=dict)
    """Misbehaviour: what answers a path in place of what should."""
    refresh_due: bool = False
    phones: dict[str, int | Session] = field(default_factory=dict)
    """How far each login by phone is."""

    def log_in(self, name: str, *, is_member: bool = False) -> Session:
        """Open a session, as a browser would."""
        sess = f"{secrets.token_hex(4)}%2C1789000000%2C{secrets.token_hex(3)}*31"
        tokens = secrets.token_hex(16), secrets.token_hex(16)
        session = Session(name, sess, *tokens, is_member=is_member)
        self.sessions[sess] = session
        return session

    def times_asked(self, path: str) -> int:
        """Return how often a path was asked for."""
        return sum(asked.path.startswith(path) for asked in self.asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        asked = await _read(Request(scope, receive))
        self.asked.append(asked)
        handler = self.instead.get(asked.path, self.answer)
        await (await handler(asked))(scope, receive, send)

    async def answer(self, asked: Asked) -> Response:
        """Answer as Bilibili does."""
        if asked.path.startswith(FACES):  # which is another server there, and less strict
            return Response(AVATAR, media_type="image/webp")
        if not asked.headers.get("user-agent", "").startswith("Mozilla/5.0"):
            return banned()
        handlers = {
            NAV: self._nav,
            QR_CODE: self._qr_code,
            QR_STATE: self._qr_state,
            COOKIE_INFO: self._cookie_info,
            COOKIE_REFRESH: self._refresh,
            CONFIRM: self._confirm,
        }
        if asked.path.startswith(CORRESPOND):
            return self._correspond(asked)
        return handlers[asked.path](asked)

    def _session(self, asked: Asked) -> Session | None:
        return self.sessions.get(asked.cookies.get("SESSDATA", ""))

    def _nav(self, asked: Asked) -> Response:
        session = self._session(asked)
        if session is None:
            return envelope(-101, "账号未登录", {"isLogin": False, "wbi_img": WBI})
        return envelope(0, "0", nav_of(session, self.url))

    def _qr_code(self, _asked: Asked) -> Response:
        key = secrets.token_hex(16)
        self.phones[key] = 86101
        url = f"https://passport.bilibili.com/h5-app/passport/login/scan?qrcode_key={key}&from="
        return envelope(0, "0", {"url": url, "qrcode_key": key})

    def _qr_state(self, asked: Asked) -> Response:
        state = self.phones.get(asked.query["qrcode_key"], 86038)
        if isinstance(state, int):
            messages = {86101: "未扫码", 86090: "二维码已扫码未确认", 86038: "二维码已失效"}
            return envelope(0, "0", qr_state(state, messages[state]))
        answer = envelope(0, "0", {**qr_state(0, ""), "refresh_token": state.refresh_token})
        return with_cookies(answer, state)

    def _cookie_info(self, asked: Asked) -> Response:
        if self._session(asked) is None:
            return envelope(-101, "账号未登录")
        return envelope(0, "0", {"refresh": self.refresh_due, "timestamp": NOW_MS})

    def _correspond(self, asked: Asked) -> Response:
        """Show the page to who knows the time, and to nobody else."""
        try:
            encrypted = bytes.fromhex(asked.path.removeprefix(CORRESPOND))
            is_right = PRIVATE_KEY.decrypt(encrypted, OAEP) == f"refresh_{NOW_MS}".encode()
        except (ValueError, UnsupportedAlgorithm):
            is_right = False
        session = self._session(asked)
        if not is_right or session is None:
            return HTMLResponse("<!DOCTYPE html><title>出错啦!</title>", 404)
        return HTMLResponse(
            '<!DOCTYPE html>\n<html lang="zh-Hans">\n<title>Correspond</title>\n<body>\n'
            f'  <div id="1-name">{refresh_csrf(session)}</div>\n'
            '  <div id="token-iframe-app"></div>\n</body>\n</html>\n'
        )

    def _refresh(self, asked: Asked) -> Response:
        old = self._session(asked)
        if old is None:
            return envelope(-101, "账号未登录")
        if asked.form["csrf"] != old.bili_jct:
            return envelope(-111, "csrf 校验失败")
        if asked.form != {
            "csrf": old.bili_jct,
            "refresh_csrf": refresh_csrf(old),
            "source": "main_web",
            "refresh_token": old.refresh_token,
        }:
            return envelope(86095, "refresh_csrf 错误或 refresh_token 与 cookie 不匹配")
        new = self.log_in(old.name, is_member=old.is_member)
        self.refresh_due = False
        data = {"status": 0, "message": "", "refresh_token": new.refresh_token}
        return with_cookies(envelope(0, "0", data), new)

    def _confirm(self, asked: Asked) -> Response:
        """End the session that the old token belongs to."""
        new = self._session(asked)
        if new is None:
            return envelope(-101, "账号未登录")
        if asked.form["csrf"] != new.bili_jct:
            return envelope(-111, "csrf 校验失败")
        tokens = {session.refresh_token: sess for sess, session in self.sessions.items()}
        del self.sessions[tokens[asked.form["refresh_token"]]]
        return envelope(0, "0")


def nav_of(session: Session, pictures: str = "https://i0.hdslb.com") -> dict[str, Any]:
    return {
        "isLogin": True,
        "face": f"{pictures}{FACES}{session.name}.jpg",
        "level_info": {"current_level": 6, "next_exp": "--"},
        "mid": 293793435,
        "money": 172.4,
        "uname": session.name,
        "vipDueDate": VIP_DUE_MS if session.is_member else 0,
        "vipStatus": int(session.is_member),
        "vipType": 2 if session.is_member else 0,
        "wbi_img": WBI,
    }


def qr_state(code: int, message: str) -> dict[str, Any]:
    return {"url": "", "refresh_token": "", "timestamp": 0, "code": code, "message": message}


def refresh_csrf(session: Session) -> str:
    return session.bili_jct[::-1]


def envelope(code: int, message: str, data: object = None) -> Response:
    body = {"code": code, "message": message, "ttl": 1}
    return JSONResponse(body if data is None else {**body, "data": data})


def with_cookies(answer: Response, session: Session) -> Response:
    """Set all of a session's cookies, as real answers do."""
    expires = "Expires=Wed, 15 Nov 2099 07:34:10 GMT"
    for cookie in (
        "buvid3=17f42513; Path=/",
        f"SESSDATA={session.sess}; Path=/; {expires}; HttpOnly",
        f"bili_jct={session.bili_jct}; Path=/; {expires}",
        f"DedeUserID=293793435; Path=/; {expires}",
        f"sid=8ab2c9d1; Path=/; {expires}",
    ):
        answer.headers.append("set-cookie", cookie)
    return answer


def banned() -> Response:
    return JSONResponse({"code": -412, "message": "request was banned", "ttl": 1}, 412)


async def _read(request: Request) -> Asked:
    form = parse_qs((await request.body()).decode(), keep_blank_values=True)
    return Asked(
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        form={name: values[0] for name, values in form.items()},
        cookies=_cookies(request.headers.get("cookie", "")),
        headers=dict(request.headers),
    )


def _cookies(header: str) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in header.split(";") if pair.strip())
    return {name: value for name, _, value in pairs}


@asynccontextmanager
async def running(bilibili: Bilibili) -> AsyncIterator[Bilibili]:
    """Serve on a port of its own."""
    config = uvicorn.Config(bilibili, port=0, lifespan="off", log_config=None, ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    bilibili.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield bilibili
    finally:
        server.force_exit = True
        await server.shutdown()
