import pytest

from bunga_cli.errors import NotFound
from bunga_cli.store import Store

VALUES = {"username": "ann", "folders": ["a", "b"], "retries": 3, "none": None}


async def test_what_was_never_set_is_nothing(store: Store) -> None:
    assert await store.plugin_settings.get("lobby", "alist") == {}
    assert await store.plugin_settings.get("nowhere", "alist") == {}


async def test_what_was_set_is_kept_for_each_plugin_and_channel(store: Store) -> None:
    await store.channels.create("hall", "Hall")
    await store.plugin_settings.set("lobby", "alist", VALUES)
    await store.plugin_settings.set("lobby", "bilibili", {"sess": "s"})
    assert await store.plugin_settings.get("lobby", "alist") == VALUES
    assert await store.plugin_settings.get("lobby", "bilibili") == {"sess": "s"}
    assert await store.plugin_settings.get("hall", "alist") == {}


async def test_setting_again_replaces_everything(store: Store) -> None:
    await store.plugin_settings.set("lobby", "alist", VALUES)
    await store.plugin_settings.set("lobby", "alist", {"username": "ben"})
    assert await store.plugin_settings.get("lobby", "alist") == {"username": "ben"}


async def test_a_channel_that_is_not_there_has_no_settings(store: Store) -> None:
    with pytest.raises(NotFound, match="'nowhere'"):
        await store.plugin_settings.set("nowhere", "alist", VALUES)


async def test_settings_go_with_their_channel(store: Store) -> None:
    await store.plugin_settings.set("lobby", "alist", VALUES)
    await store.channels.delete("lobby")
    await store.channels.create("lobby", "Again")
    assert await store.plugin_settings.get("lobby", "alist") == {}
