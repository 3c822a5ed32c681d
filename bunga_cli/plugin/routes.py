"""Who may call a plugin's route: dependencies for FastAPI.

`@router.get("/api/x", dependencies=[AdminOnly])` asks only; a parameter such as
`account: Annotated[Account, MemberOnly]` also tells who it is.
"""

from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from bunga_cli.plugin.providers import Account


class Access(Protocol):
    """How the server knows who asks; what raises becomes the answer."""

    async def require_admin(self, request: Request) -> None:
        """Refuse everybody but admins and the owner of the data folder."""

    async def require_account(self, request: Request) -> Account:
        """Return the account that asks; refuse the anonymous."""

    async def require_member(self, request: Request, channel_id: str) -> Account:
        """Return the account that asks; refuse those who are no member of the channel."""


# It does nothing but make the docs page ask for a token.
_BEARER = Depends(HTTPBearer(auto_error=False, description="An access token."))


async def require_admin(request: Request, _documented: Annotated[object, _BEARER]) -> None:
    """Refuse everybody but admins and the owner of the data folder."""
    await _access(request).require_admin(request)


async def require_account(request: Request, _documented: Annotated[object, _BEARER]) -> Account:
    """Return the account that asks; refuse the anonymous."""
    return await _access(request).require_account(request)


async def require_member(
    channel_id: str, request: Request, _documented: Annotated[object, _BEARER]
) -> Account:
    """Return the account that asks, a member of the channel in the path's `{channel_id:id}`."""
    return await _access(request).require_member(request, channel_id)


AdminOnly = Depends(require_admin)
AccountOnly = Depends(require_account)
MemberOnly = Depends(require_member)


def _access(request: Request) -> Access:
    access: Access = request.app.state.plugin_access
    return access
