"""`/api/v1/linkers`: the media libraries of all plugins, which the gallery searches."""

from contextlib import suppress

from fastapi import APIRouter
from pydantic import BaseModel

from bunga_cli.api.context import AppContext, Context
from bunga_cli.errors import BungaError

GALLERY = "gallery"
"""The plugin that asks linkers, and that can be told not to."""

router = APIRouter(prefix="/linkers", tags=["v1 plugins"])


class Linker(BaseModel):
    """A linker, and the plugin that has it.

    `state`: `active`; `failing`, when it did not answer well last time, or was switched off for
    good; `unused`, when another has its id; `disabled` by the gallery's setting
    `disabled_linkers`. `reason`: what is wrong.
    """

    id: str
    name: str
    url: str
    plugin: str
    state: str
    reason: str


class Linkers(BaseModel):
    """The linkers of the plugins that are active, those first that were found first."""

    linkers: list[Linker]


@router.get("")
async def list_linkers(context: Context) -> Linkers:
    """Return the linkers of all plugins; those of the original's modules only the gallery knows."""
    disabled = await _disabled(context)
    return Linkers(
        linkers=[
            Linker(
                id=row.info.id,
                name=row.info.name,
                url=row.info.url,
                plugin=row.plugin,
                state=_state(
                    is_used=row.is_used,
                    is_disabled=row.info.id.lower() in disabled,
                    problem=row.problem,
                ),
                reason=row.problem,
            )
            for row in context.plugins.linker_rows()
        ]
    )


def _state(*, is_used: bool, is_disabled: bool, problem: str) -> str:
    if not is_used:
        return "unused"
    if is_disabled:
        return "disabled"
    return "failing" if problem else "active"


async def _disabled(context: AppContext) -> set[str]:
    with suppress(BungaError):
        settings = await context.plugins.site_settings(GALLERY)
        return {linker.lower() for linker in getattr(settings, "disabled_linkers", ())}
    return set()
