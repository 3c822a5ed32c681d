"""The installed players as `docs/sync.md` describes them, with the time as an argument.

A model consumes messages as they are on the wire and returns those that it sends, so that the same
one runs in virtual time and on real sockets. All times and positions are microseconds.
"""
