"""`/api/v1/logs`: the end of the server's log."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.v1.accounts import Shown

router = APIRouter(prefix="/logs", tags=["v1 logs"])

Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"] | None,
    Query(description="The lowest of interest."),
]
Text = Annotated[
    str, Query(max_length=200, description="What must be in the logger, message or traceback.")
]
Last = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[int, Query(ge=0, le=2**62, description="The id of the last entry seen already.")]


class LogEntry(Shown):
    """A message of the log. `traceback` is empty but for a failure; `id` rises."""

    id: int
    at: datetime
    level: str
    logger: str
    message: str
    traceback: str


class LogEntries(BaseModel):
    """Messages of the log, the oldest first."""

    entries: list[LogEntry]


@router.get("")
async def list_entries(
    context: Context, level: Level = None, text: Text = "", last: Last = 200, after: After = 0
) -> LogEntries:
    """Return the last entries of the server's log, which keeps 1,000 of this process."""
    found = context.logs.entries(level, text, last, after)
    return LogEntries(entries=[LogEntry.model_validate(entry) for entry in found])
