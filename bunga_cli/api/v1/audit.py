"""`/api/v1/audit`: who changed what, when and from where."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.v1.accounts import Shown
from bunga_cli.store.rows import AuditRow

router = APIRouter(prefix="/audit", tags=["v1 audit"])

Search = Annotated[
    str,
    Query(max_length=200, description="A part of who, what, to what, from where, or a detail."),
]
Action = Annotated[
    str, Query(max_length=200, description="How the action begins, such as `channels.`.")
]
Limit = Annotated[int, Query(ge=1, le=1000)]
Before = Annotated[
    int | None, Query(ge=0, le=2**62, description="The id where an earlier list has ended.")
]


class AuditEntry(Shown):
    """What somebody did. `via`: `console`, `api`, or `socket`, the one in the data folder.

    `subject` is what it was done to, such as a channel's id. Secrets are in no entry.
    """

    id: int
    at: datetime
    actor: str
    via: str
    address: str
    action: str
    subject: str
    details: dict[str, str]


class AuditEntries(BaseModel):
    """What was done, the last first."""

    entries: list[AuditEntry]


def entries_of(rows: list[AuditRow]) -> AuditEntries:
    """Return entries as shown."""
    return AuditEntries(entries=[AuditEntry.model_validate(row) for row in rows])


@router.get("")
async def list_entries(
    context: Context,
    search: Search = "",
    action: Action = "",
    limit: Limit = 100,
    before: Before = None,
) -> AuditEntries:
    """Return changes that were made, and sign-ins that failed."""
    return entries_of(await context.audit.list(search, action, limit=limit, before=before))
