"""`/api/v1/sessions`: the browsers that are signed in to the console."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.accounts import Shown
from bunga_cli.paths import SESSION

router = APIRouter(prefix="/sessions", tags=["v1 admins"], route_class=NotedRoute)


class Session(Shown):
    """A browser. `agent` is what it calls itself; `id` opens nothing."""

    id: str
    username: str
    created_at: datetime
    seen_at: datetime
    address: str
    agent: str


class Sessions(BaseModel):
    """All browsers that are signed in."""

    sessions: list[Session]


@router.get("")
async def list_sessions(context: Context) -> Sessions:
    """Return who is signed in to the console and where, the one used last first."""
    rows = await context.sessions.list()
    return Sessions(sessions=[Session.model_validate(row) for row in rows])


@router.delete(f"/{SESSION}")
async def end_session(session: str, context: Context) -> Session:
    """Sign a browser out, and return which one that was."""
    return Session.model_validate(await context.sessions.end(session))
