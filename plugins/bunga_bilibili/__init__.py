"""Bilibili: one account for each channel, which its members watch with.

Players get the channel's cookie and the key that signs requests, and talk to Bilibili themselves.
The server lets an admin log in by phone, and keeps the login fresh.
"""

from bunga_bilibili.plugin import BilibiliPlugin, plugin

__all__ = ["BilibiliPlugin", "plugin"]
