"""`/api/v1/admins`: the accounts that may do everything."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints

from bunga_cli.api.context import Context
from bunga_cli.api.v1.schema import StrictBody
from bunga_cli.store.rows import AccountRow

router = APIRouter(prefix="/admins", tags=["v1 admins"])


class Admin(BaseModel):
    """An admin's account."""

    id: int
    username: str
    created_at: datetime

    @classmethod
    def of(cls, row: AccountRow) -> "Admin":
        """Return a stored account as shown."""
        return cls(id=row.id, username=row.username, created_at=row.created_at)


class Admins(BaseModel):
    """All admins."""

    admins: list[Admin]


class NewAdmin(StrictBody):
    """An admin to create. Spaces around either are not part of it, as at login."""

    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=150)]
    password: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=8, max_length=1000)
    ]


@router.get("")
async def list_admins(context: Context) -> Admins:
    """Return all admins."""
    return Admins(admins=[Admin.of(row) for row in await context.store.accounts.admins()])


@router.post("", status_code=HTTPStatus.CREATED)
async def create_admin(new: NewAdmin, request: Request) -> Admin:
    """Make an admin."""
    row = await request.app.state.logins.create(new.username, new.password, is_admin=True)
    return Admin.of(row)
