"""`/api/site`: the site's name."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, StringConstraints

from bunga_cli.api.access import ADMIN_ONLY
from bunga_cli.api.context import AppContext, Context
from bunga_cli.api.noting import NotedRoute
from bunga_cli.plugin.bodies import Body, Text, checked, documented, read_fields

router = APIRouter(
    prefix="/api/site", tags=["site"], dependencies=[ADMIN_ONLY], route_class=NotedRoute
)


class Site(BaseModel):
    """The one site that a server serves."""

    id: int = 1
    name: str


class SiteChange(Body):
    """The site's new name."""

    name: Annotated[Text, StringConstraints(max_length=100)]


@router.get("")
async def retrieve_site(context: Context) -> Site:
    """Return the site."""
    return Site(name=context.settings().site.name)


@router.put("", openapi_extra=documented(SiteChange))
async def replace_site(request: Request, context: Context) -> Site:
    """Rename the site."""
    return await _renamed((await read_fields(request)).values, context)


@router.patch("", openapi_extra=documented(SiteChange))
async def change_site(request: Request, context: Context) -> Site:
    """Rename the site, if a name is given."""
    unchanged = {"name": context.settings().site.name}
    return await _renamed({**unchanged, **(await read_fields(request)).values}, context)


async def _renamed(values: Mapping[str, object], context: AppContext) -> Site:
    name = checked(SiteChange, values).name
    if name != context.settings().site.name:
        await context.live_settings.set({"site.name": name})
    return Site(name=name)
