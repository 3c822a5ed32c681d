"""Who changed what, when and from where."""

import builtins
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, insert, not_, or_, select, true
from sqlalchemy.sql.selectable import TableValuedAlias

from bunga_cli.clock import utc_now
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.rows import AuditEntry, AuditRow, value_of
from bunga_cli.store.schema import audit as table

KEPT_ROWS = 20_000
"""How many of the last changes are kept when the server starts."""
SIGN_IN = "sign_in."
"""How the actions of those begin who try to come in."""
ROOMS = "rooms."
"""How the actions begin that change no more than what a room shows."""


class Audit:
    """The audit log of a site. What is written down in it is not changed any more."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def add(self, entry: AuditEntry) -> AuditRow:
        """Write down what was done now, and return it as it will be listed."""
        query = insert(table).values(**asdict(entry), at=utc_now()).returning(table)
        async with self._database.begin() as connection:
            return value_of(AuditRow, (await connection.execute(query)).one())

    @unbroken
    async def list(
        self,
        search: str = "",
        action_prefix: str = "",
        *,
        limit: int = 100,
        before_id: int | None = None,
    ) -> builtins.list[AuditRow]:
        """Return what was done, the last first; `before_id` is where an earlier list ended.

        `search` is found in who did it, what, to what and from where, and in the details. Letters
        of the alphabet are the same in both cases.
        """
        query = select(table).where(_contains(search) if search else true())
        if action_prefix:
            query = query.where(table.c.action.startswith(action_prefix, autoescape=True))
        if before_id is not None:
            query = query.where(table.c.id < before_id)
        query = query.order_by(table.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [value_of(AuditRow, row) for row in await connection.execute(query)]

    @unbroken
    async def purge(self, keep: int = KEPT_ROWS) -> None:
        """Forget all but the last `keep` changes, as many sign-ins, and as many deeds in rooms.

        Strangers cause sign-ins that fail, and a narrow token is enough for deeds in rooms: neither
        shall wash away who changed what.
        """
        begins = table.c.action.startswith
        is_sign_in, is_in_room = (begins(kind, autoescape=True) for kind in (SIGN_IN, ROOMS))
        async with self._database.begin() as connection:
            for kind in (is_sign_in, is_in_room, not_(or_(is_sign_in, is_in_room))):
                kept = select(table.c.id).where(kind).order_by(table.c.id.desc()).limit(keep)
                await connection.execute(delete(table).where(kind, table.c.id.not_in(kept)))


def _contains(text: str) -> ColumnElement[bool]:
    columns = (table.c.actor, table.c.action, table.c.subject, table.c.address)
    in_columns = (column.icontains(text, autoescape=True) for column in columns)
    # In the file letters beyond ASCII are escaped, so that each value is unpacked first.
    details: TableValuedAlias = func.json_each(table.c.details).table_valued("value")
    value: ColumnElement[Any] = details.c.value
    return or_(
        *in_columns, exists().select_from(details).where(value.icontains(text, autoescape=True))
    )
