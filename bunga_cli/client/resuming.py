"""Coming back to a room without a gap in what is heard of it."""

from typing import Any

from bunga_cli.client.inbox import Message


class Hearing:
    """What was heard of a room, by number, and in which order the rest is to be given on.

    A new connection hears of the room at once, before what was missed. So until that has come, what
    has a number is held back; and what comes twice is given on once. The server may greet a socket
    that comes back before it has joined, so that only the answer with the join's `ref` counts.
    """

    def __init__(self) -> None:
        self.seq = 0
        """The number of the last message that was given on, or passed over."""
        self._token: str | None = None
        self._epoch: str | None = None
        self._held: list[Message] | None = None
        self._ref: int | None = None
        self._is_replaying = False
        self._has_gap = False
        """Another server's room was heard of, and no join there was answered as yet."""

    def resume(self, ref: int) -> dict[str, Any]:
        """Return what a join-in says of this, and hold back what comes before the answer to it."""
        if self._token is None:
            return {}
        if self._has_gap:
            self._ref = ref
            return {"ref": ref}
        self._held, self._ref, self._is_replaying = [], ref, False
        return {"resume": self._token, "seq": self.seq, "ref": ref}

    def take(self, message: Message) -> list[Message]:
        """Return what is to be given on now that `message` has come, in order."""
        if message["code"] == "state":
            return self._take_state(message)
        if message["code"] == "here-are":
            return self._take_answer(message)
        if message["code"] == "error" and self._is_answer(message):
            return [*self._release(), message]
        return self._take_numbered(message) if "seq" in message else [message]

    def _take_state(self, state: Message) -> list[Message]:
        """Take in which number was the last: what is for others only has one as well."""
        is_another = state["epoch"] != self._epoch
        if is_another:
            self._has_gap = self._epoch is not None
            self._epoch, self.seq = state["epoch"], 0
        if self._held is not None and not self._is_replaying and not is_another:
            return [state]
        given = self._release()
        self.seq = max(self.seq, state.get("seq", 0))
        return [*given, state]

    def _take_answer(self, here_are: Message) -> list[Message]:
        self._token = here_are.get("resume")
        if self._ref is not None and here_are.get("ref") == self._ref:
            self._has_gap = False
        if self._held is not None and not self._is_answer(here_are):
            return [here_are]
        if self._held is not None and here_are.get("replayed"):
            self._is_replaying = True
            return [here_are]
        return [here_are, *self._release()]

    def _is_answer(self, message: Message) -> bool:
        return self._held is not None and message.get("ref") == self._ref

    def _take_numbered(self, message: Message) -> list[Message]:
        if self._held is None:
            return self._new([message])
        self._held.append(message)
        if not self._is_replaying:
            return []
        due = [held for held in self._held if held["seq"] <= message["seq"]]
        self._held = [held for held in self._held if held["seq"] > message["seq"]]
        return self._new(due)

    def _release(self) -> list[Message]:
        held, self._held, self._is_replaying = self._held or [], None, False
        return self._new(held)

    def _new(self, messages: list[Message]) -> list[Message]:
        """Return those that were not given on before, in the order of their numbers."""
        new = []
        for message in sorted(messages, key=lambda one: int(one["seq"])):
            if message["seq"] > self.seq:
                self.seq = message["seq"]
                new.append(message)
        return new
