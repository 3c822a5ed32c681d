"""`/api/v1/admins`: the accounts that may do everything."""

from datetime import datetime
from http import HTTPStatus

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.api.v1.accounts import Closed
from bunga_cli.api.v1.schema import AccountName, Password, StrictBody
from bunga_cli.paths import ACCOUNT
from bunga_cli.store.rows import AccountRow

router = APIRouter(prefix="/admins", tags=["v1 admins"], route_class=NotedRoute)


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
    """An admin to create."""

    username: AccountName
    password: Password


class NewPassword(StrictBody):
    """An admin's new password."""

    password: Password


@router.get("")
async def list_admins(context: Context) -> Admins:
    """Return all admins."""
    return Admins(admins=[Admin.of(row) for row in await context.store.accounts.admins()])


@router.post("", status_code=HTTPStatus.CREATED)
async def create_admin(new: NewAdmin, context: Context) -> Admin:
    """Make an admin."""
    return Admin.of(await context.people.create_admin(new.username, new.password))


@router.post(f"/{ACCOUNT}/passwd")
async def change_password(name: str, new: NewPassword, context: Context) -> Admin:
    """Give an admin another password, and revoke the admin's tokens."""
    row = await context.people.find_admin(name)
    await context.people.reset_password(name, new.password)
    return Admin.of(row)


@router.delete(f"/{ACCOUNT}")
async def delete_admin(name: str, context: Context) -> Closed:
    """Delete an admin's account. The last admin may go, too: the Unix socket stays."""
    await context.people.find_admin(name)
    return Closed(closed=await context.people.delete(name))
