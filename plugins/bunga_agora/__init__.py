"""Voice calls over Agora.

Agora carries the voices; the server only makes the tokens with which players join a call.
"""

from bunga_agora.plugin import AgoraPlugin, plugin

__all__ = ["AgoraPlugin", "plugin"]
