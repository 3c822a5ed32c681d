"""What is set of plugins in channels."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from bunga_cli.errors import NotFound
from bunga_cli.store.database import Database, unbroken
from bunga_cli.store.schema import channel_plugin_settings as table


class PluginTables:
    """One object of plain values for each plugin in each channel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @unbroken
    async def get(self, channel_id: str, plugin: str) -> dict[str, Any]:
        """Return what is set; nothing where nothing was."""
        query = select(table.c["values"]).where(
            table.c.channel_id == channel_id, table.c.plugin == plugin
        )
        async with self._database.read() as connection:
            values = (await connection.execute(query)).scalar_one_or_none()
        return {} if values is None else dict(values)

    @unbroken
    async def set(self, channel_id: str, plugin: str, values: Mapping[str, object]) -> None:
        """Keep this and nothing else. Raises NotFound if there is no such channel."""
        row = {"channel_id": channel_id, "plugin": plugin, "values": dict(values)}
        query = insert(table).values(row)
        query = query.on_conflict_do_update(
            index_elements=[table.c.channel_id, table.c.plugin],
            set_={"values": query.excluded["values"]},
        )
        try:
            async with self._database.begin() as connection:
                await connection.execute(query)
        except IntegrityError as error:
            raise NotFound(
                f"There is no channel {channel_id!r}: `bunga channels list` shows all."
            ) from error
