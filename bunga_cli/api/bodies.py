"""The limit for bodies that FastAPI reads; those of the original's paths are `plugin.bodies`'."""

from starlette.types import ASGIApp, Receive, Scope, Send

from bunga_cli.plugin.bodies import MAX_FIELDS_BYTES, counted


class SmallBodies:
    """Bound the bodies of `/api/v1`, which FastAPI takes in before it asks who sends them."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if f"{scope['path']}/".startswith("/api/v1/"):
            receive = counted(receive, MAX_FIELDS_BYTES)
        await self.app(scope, receive, send)
