import pytest
from sqlalchemy.exc import IntegrityError

from bunga_cli.errors import NotFound
from bunga_cli.store import Store
from bunga_cli.store.rows import AccountRow, ClientLogRow, RecordRow, SubtitleRow
from tests.store.examples import FILM, SEQUEL, snapshot


@pytest.fixture
async def ann(store: Store) -> AccountRow:
    return await store.accounts.create("ann", "hash")


@pytest.fixture
async def film(store: Store) -> RecordRow:
    await store.rooms.save([snapshot(record=SEQUEL), snapshot(record=FILM)], "epoch")
    row = await store.uploads.record("lobby", FILM.record_id)
    assert row is not None
    return row


async def test_a_record_is_known_once_it_was_projected(store: Store, film: RecordRow) -> None:
    assert (film.channel_id, film.record_id, film.title) == ("lobby", FILM.record_id, FILM.title)
    assert await store.uploads.record("lobby", "unheard of") is None
    assert await store.uploads.record("nowhere", FILM.record_id) is None


async def test_a_subtitle_is_found_by_number_file_and_record(
    store: Store, film: RecordRow, ann: AccountRow
) -> None:
    made = await store.uploads.add_subtitle(film.id, ann.id, "english.srt", "f00d.srt")
    second = await store.uploads.add_subtitle(film.id, ann.id, "english.srt", "beef.srt")
    assert made == SubtitleRow(made.id, film.id, "ann", "english.srt", "f00d.srt", made.created_at)
    assert await store.uploads.subtitle(made.id) == made
    assert await store.uploads.subtitle_by_file("f00d.srt") == made
    assert await store.uploads.subtitles(film.id) == [made, second]


async def test_a_subtitle_of_another_record_is_not_listed(
    store: Store, film: RecordRow, ann: AccountRow
) -> None:
    await store.uploads.add_subtitle(film.id, ann.id, "english.srt", "f00d.srt")
    sequel = await store.uploads.record("lobby", SEQUEL.record_id)
    assert sequel is not None
    assert await store.uploads.subtitles(sequel.id) == []
    assert await store.uploads.subtitle_by_file("beef.srt") is None


async def test_one_file_belongs_to_one_subtitle(
    store: Store, film: RecordRow, ann: AccountRow
) -> None:
    await store.uploads.add_subtitle(film.id, ann.id, "a.srt", "same.srt")
    with pytest.raises(IntegrityError):
        await store.uploads.add_subtitle(film.id, ann.id, "b.srt", "same.srt")


async def test_uploads_stay_when_their_uploader_is_removed(
    store: Store, film: RecordRow, ann: AccountRow
) -> None:
    subtitle = await store.uploads.add_subtitle(film.id, ann.id, "a.srt", "a.srt")
    log = await store.uploads.add_log("lobby", ann.id, "1.log", 12)
    await store.accounts.delete(ann.id)
    orphans = (await store.uploads.subtitle(subtitle.id), await store.uploads.log(log.id))
    assert [orphan.uploader for orphan in orphans if orphan] == ["", ""]


async def test_logs_are_listed_newest_first_in_pages(store: Store, ann: AccountRow) -> None:
    made = [await store.uploads.add_log("lobby", ann.id, f"{n}.log", n) for n in range(3)]
    assert made[2] == ClientLogRow(made[2].id, "lobby", "ann", made[2].created_at, "2.log", 2)
    assert await store.uploads.logs() == made[::-1]
    assert await store.uploads.logs(limit=1, offset=1) == [made[1]]


async def test_a_deleted_log_names_the_file_to_delete(store: Store, ann: AccountRow) -> None:
    log = await store.uploads.add_log("lobby", ann.id, "1.log", 12)
    assert await store.uploads.delete_log(log.id) == "1.log"
    assert await store.uploads.log(log.id) is None
    with pytest.raises(NotFound, match=str(log.id)):
        await store.uploads.delete_log(log.id)
