"""Voice call signalling: who is called, who talks."""

from bunga_cli.sync.commands import CallAction


class VoiceCall:
    """The call of one room. Methods return what everyone is to be told, or None for nothing."""

    __slots__ = ("caller", "pending", "talking")

    def __init__(self) -> None:
        self.caller: str | None = None
        self.pending: set[str] = set()
        self.talking: dict[str, None] = {}

    def call(self, caller: str, others: set[str]) -> CallAction:
        """Ring `others`; a call into a call that is on accepts it, alone it is rejected."""
        if self.pending or self.talking:
            return self._settled(CallAction.ACCEPT)
        if not others:
            return CallAction.REJECT
        self.caller, self.pending = caller, set(others)
        return CallAction.CALL

    def accept(self) -> CallAction | None:
        """Take the call; None if there is none."""
        return self._settled(CallAction.ACCEPT) if self.pending or self.talking else None

    def reject(self, callee: str) -> CallAction | None:
        """Take one callee out; the last one's refusal ends the call."""
        if callee not in self.pending:
            return None
        self.pending.discard(callee)
        return None if self.pending else self._settled(CallAction.REJECT)

    def cancel(self) -> CallAction | None:
        """Stop ringing; None if nothing rang."""
        return self._settled(CallAction.CANCEL) if self.pending else None

    def leave(self, watcher: str) -> CallAction | None:
        """Account for a watcher who is gone: callees must not ring for ever."""
        self.talking.pop(watcher, None)
        if self.pending and watcher == self.caller:
            return self.cancel()
        return self.reject(watcher)

    def _settled(self, outcome: CallAction) -> CallAction:
        self.caller = None
        self.pending.clear()
        return outcome
