"""Why a WebSocket ends, as a number that tells the client what to do next.

1000 to 1015 are those of RFC 6455 (section 7.4.1) and its registry; 4000 to 4999 are ours.
"""

from typing import Final

NORMAL: Final = 1000
GOING_AWAY: Final = 1001
PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003
NO_STATUS: Final = 1005
"""Never sent: it stands for a close frame without a code."""
ABNORMAL: Final = 1006
"""Never sent: it stands for a socket that ended without a close frame."""
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009
INTERNAL: Final = 1011
RESTART: Final = 1012
TRY_LATER: Final = 1013

HEARTBEAT_LOST: Final = 3000
"""Sent by players that heard nothing for too long."""

TOKEN_INVALID: Final = 4001
TOKEN_EXPIRED: Final = 4002
NOT_A_MEMBER: Final = 4003
"""The channel does not exist, or the account is not a member of it (any more)."""
NO_TOKEN: Final = 4401
