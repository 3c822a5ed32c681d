"""AList, and its fork OpenList: one server for the site, one of its users for each channel.

Players get the user's token and browse by themselves; the server fetches pictures, and finds files
for its own player and commands.
"""

from bunga_alist.hooks import AListPlugin, plugin

__all__ = ["AListPlugin", "plugin"]
