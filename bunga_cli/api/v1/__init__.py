"""`/api/v1`: our own administration, used by the command line. Admins only."""

from fastapi import APIRouter

from bunga_cli.api.access import V1_ADMIN_ONLY
from bunga_cli.api.v1 import admins, channels, plugins, rooms

router = APIRouter(prefix="/api/v1", dependencies=[V1_ADMIN_ONLY])
router.include_router(channels.router)
router.include_router(rooms.router)
router.include_router(admins.router)
router.include_router(plugins.router)
