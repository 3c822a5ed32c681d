"""HTTP."""

from fastapi import APIRouter

from bunga_cli.plugin import AdminOnly

from .tally import Tally

PATH = "/api/v1/plugins/example/shown"


def make_routes(tally: Tally) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["example"])

    @router.get(PATH, dependencies=[AdminOnly])
    async def films_shown() -> dict[str, object]:
        """Return how often each film was shown."""
        return {"shown": [{"title": title, "times": n} for title, n in tally.most_shown()]}

    return router
