"""Names that two plugins want: the first one has it, and the second one's row says so."""

from collections.abc import Iterator, Sequence

from bunga_cli.plugin.commands import OUR_COMMANDS
from bunga_cli.plugin.slot import Slot


def find_clashes(slots: Sequence[Slot]) -> None:
    """Let each of the active plugins know what it has in vain."""
    owners: dict[str, str] = {}
    for slot in slots:
        slot.clashes = [*_clashes(slot, owners)]


def _clashes(slot: Slot, owners: dict[str, str]) -> Iterator[str]:
    for name in _names(slot):
        if name in owners:
            yield f"{name}: It is not used; the plugin {owners[name]} has one of this name."
        owners.setdefault(name, slot.name)
    if "bunga_commands" in slot.status.hooks and slot.name in OUR_COMMANDS:
        yield f"bunga_commands: They are not used; `bunga {slot.name}` is a command of the server."


def _names(slot: Slot) -> Iterator[str]:
    for service in slot.started.services if slot.started else ():
        yield f"service {service.key}"
    for linker in slot.linkers:
        yield f"linker {linker.info.id.lower()}"
