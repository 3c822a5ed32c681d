"""What comes over, and what is in the way."""

import stat
from pathlib import Path

import pytest

from bunga_cli.auth.passwords import hash_password, verify_password
from bunga_cli.data_folder import DataFolder
from bunga_cli.errors import DataFolderError
from bunga_cli.importing import ImportFailure, Kind, move_in
from bunga_cli.store import Store
from tests.importing.new_site import Facts, count, facts, imported, source_of, told
from tests.importing.old_site import (
    JOINED,
    PASSWORD,
    SECRET_KEY,
    SUBTITLE,
    OldSite,
    django_hash,
)


async def test_a_whole_installation_comes_over(old: OldSite, data: DataFolder) -> None:
    await imported(old, data)

    new, hashed = facts(data), django_hash(PASSWORD)
    assert new.rows["accounts"] == [
        (1, "root", hashed, 1, JOINED),
        (2, "helper", hashed, 1, JOINED),
        (3, "ann", hashed, 0, JOINED),
        (4, "bob", hashed, 0, JOINED),
        (5, "off", hashed, 0, JOINED),
    ]
    assert new.rows["banned"] == [(5, None, None)]
    assert new.rows["channels"] == [("film/night é", "Film night", 0), ("lobby", "Lobby", 1)]
    assert new.rows["members"] == [
        ("film/night é", 3, JOINED),
        ("film/night é", 4, JOINED),
        ("lobby", 3, JOINED),
        ("lobby", 5, JOINED),
    ]
    assert new.rows["plugins"] == [
        ("lobby", "alist", '{"username": "reader", "password": "al1st"}'),
        ("lobby", "bilibili", '{"sess": "sess", "bili_jct": "jct", "refresh_token": "refresh"}'),
    ]
    assert new.rows["records"] == [
        (1, "lobby", "film-1", "A film", "alist", "/films/1.mkv", 61_500_000)
    ]
    assert new.settings == {
        "site": {"name": "Film club"},
        "plugins": {
            "alist": {"host": "https://alist.example.org"},
            "agora": {"app_id": "0" * 31 + "1", "app_certificate": "f" * 32},
            "gallery": {"disabled_linkers": ["Slow"]},
        },
    }
    assert new.old_secrets == [SECRET_KEY]


async def test_uploads_are_copied_under_names_that_cannot_be_guessed(
    old: OldSite, data: DataFolder
) -> None:
    await imported(old, data)

    [(record, uploader, name, file)] = facts(data).rows["subtitles"]
    assert (record, uploader, name) == (1, 3, "My.Sub")
    assert file.endswith(".srt")
    assert "My" not in file
    path = data.media / "subtitles" / file
    assert path.read_bytes() == SUBTITLE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    [(channel, uploader, created_at, file, size)] = facts(data).rows["logs"]
    assert (channel, uploader, created_at, size) == ("lobby", 3, JOINED, 7)
    assert (data.media / "logs" / file).read_bytes() == b"line 1\n"


async def test_without_apply_nothing_is_changed_and_the_report_is_the_same(
    old: OldSite, data: DataFolder
) -> None:
    shown = await move_in(source_of(old), data, applied=False)
    assert not data.path.exists()

    done = await imported(old, data)

    assert [*shown.counts()] == [*done.counts()]
    assert shown.findings == done.findings


async def test_a_look_at_a_folder_that_is_in_use_leaves_it_as_it_is(
    old: OldSite, data: DataFolder
) -> None:
    await imported(old, data)
    old.add_user("new")
    before = _bytes(data.path)

    report = await move_in(source_of(old), data, applied=False)

    assert count(report, Kind.ACCOUNT) == (1, 3, 0, 0)
    assert _bytes(data.path) == before


def _bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "bunga.lock"
    }


async def test_a_second_run_adds_nothing_twice(old: OldSite, data: DataFolder) -> None:
    await imported(old, data)
    first, files = facts(data), _bytes(data.path)

    report = await imported(old, data)

    assert report.is_empty
    assert report.findings == []
    assert facts(data) == first
    assert _bytes(data.path).keys() == files.keys()
    assert count(report, Kind.ACCOUNT) == (0, 3, 0, 0)
    assert count(report, Kind.SECRET) == (0, 1, 0, 0)


async def test_a_second_run_brings_what_is_new_since(old: OldSite, data: DataFolder) -> None:
    await imported(old, data)
    old.add_user("carl")
    old.add_member("lobby", "carl")
    old.add_file("subtitles/two.vtt", b"WEBVTT")
    old.change("INSERT INTO server_subtitle VALUES (2, 1, NULL, 'two', 'subtitles/two.vtt')")

    report = await imported(old, data)

    assert count(report, Kind.ACCOUNT) == (1, 3, 0, 0)
    assert count(report, Kind.MEMBERSHIP) == (1, 4, 0, 0)
    assert count(report, Kind.SUBTITLE) == (1, 1, 0, 0)
    assert ("lobby", 21, JOINED) in facts(data).rows["members"]


async def test_an_account_that_logged_in_meanwhile_is_known_again(
    old: OldSite, data: DataFolder
) -> None:
    await imported(old, data)
    store = await Store.open(data.database)
    await _log_in(store, 3)
    await store.close()

    report = await imported(old, data)

    assert report.is_empty
    assert count(report, Kind.ACCOUNT) == (0, 3, 0, 0)


async def test_an_account_of_the_same_name_is_kept_and_gets_nothing(
    old: OldSite, data: DataFolder
) -> None:
    account_id = await _account(data, "ann")

    report = await imported(old, data)

    [(name, sentence)] = [
        found[1:] for found in told(report, Kind.ACCOUNT) if found[0] == "conflict"
    ]
    assert name == "ann"
    assert "kept as it is" in sentence
    lost = [name for verdict, name, _ in told(report, Kind.MEMBERSHIP) if verdict == "loss"]
    assert lost == ["ann", "ann"]
    store = await Store.open(data.database)
    kept = await store.accounts.by_name("ann")
    await store.close()
    assert kept is not None
    assert kept.id == account_id
    assert verify_password(kept.password_hash, "another")
    assert all(member[1] != account_id for member in facts(data).rows["members"])


async def test_an_account_whose_number_is_taken_gets_one_that_never_was_anybodys(
    old: OldSite, data: DataFolder
) -> None:
    await _account(data, "somebody")

    report = await imported(old, data)

    assert told(report, Kind.ADMIN) == [
        ("warning", "root", "its number 1 is another's here; it gets 21.")
    ]
    accounts = {row[1]: row[0] for row in facts(data).rows["accounts"]}
    assert accounts == {"somebody": 1, "helper": 2, "ann": 3, "bob": 4, "off": 5, "root": 21}
    store = await Store.open(data.database)
    await _log_in(store, 21)
    await store.close()
    assert count(await imported(old, data), Kind.ADMIN) == (0, 2, 0, 0)


async def test_the_secret_is_refused_where_it_would_open_strangers_doors(
    old: OldSite, data: DataFolder
) -> None:
    await _account(data, "somebody")

    report = await imported(old, data)

    [(verdict, _, sentence)] = told(report, Kind.SECRET)
    assert verdict == "conflict"
    assert "somebody" in sentence
    assert facts(data).old_secrets == []


async def test_numbers_of_accounts_that_are_gone_are_never_given_again(
    old: OldSite, data: DataFolder
) -> None:
    old.change("DELETE FROM auth_user WHERE username = 'off'")
    await imported(old, data)

    assert await _account(data, "new") == 21  # the original had given 20 numbers


async def _log_in(store: Store, account_id: int) -> None:
    """Renew the password's hash, as a login does."""
    account = await store.accounts.by_id(account_id)
    assert account is not None
    renewed = hash_password(PASSWORD)
    assert await store.accounts.renew_password_hash(account_id, account.password_hash, renewed)


async def _account(data: DataFolder, name: str) -> int:
    data.create()
    store = await Store.open(data.database)
    account = await store.accounts.create(name, hash_password("another"))
    await store.close()
    return account.id


async def test_a_channel_that_is_there_stays_and_gets_its_members(
    old: OldSite, data: DataFolder
) -> None:
    data.create()
    store = await Store.open(data.database)
    await store.channels.create("lobby", "Ours", allow_new_client=False)
    await store.plugin_settings.set("lobby", "alist", {"username": "other", "password": "x"})
    await store.close()

    report = await imported(old, data)

    assert ("lobby", "Ours", 0) in facts(data).rows["channels"]
    assert count(report, Kind.CHANNEL) == (1, 1, 0, 0)
    assert count(report, Kind.MEMBERSHIP) == (4, 0, 0, 0)
    assert count(report, Kind.ALIST) == (0, 0, 1, 0)
    assert ("lobby", "alist", '{"username": "other", "password": "x"}') in facts(data).rows[
        "plugins"
    ]


async def test_what_is_set_otherwise_is_kept(old: OldSite, data: DataFolder) -> None:
    data.create()
    data.auto_settings.write_text('[site]\nname = "Ours"\n')

    report = await imported(old, data)

    [(verdict, name, sentence)] = told(report, Kind.SETTING)
    assert (verdict, name) == ("conflict", "site.name")
    assert str(data.auto_settings) in sentence
    assert facts(data).settings["site"] == {"name": "Ours"}
    assert count(report, Kind.SETTING) == (4, 0, 1, 0)


async def test_what_plugins_do_not_allow_stays_behind(old: OldSite, data: DataFolder) -> None:
    old.change("UPDATE server_alisthost SET host = 'ftp://x'")
    old.change("UPDATE server_bilibiliaccount SET sess = 'two words;'")

    report = await imported(old, data)

    [(verdict, name, sentence)] = told(report, Kind.SETTING)
    assert (verdict, name) == ("loss", "plugins.alist.host")
    assert "must be an address" in sentence
    [(verdict, name, sentence)] = told(report, Kind.BILIBILI)
    assert (verdict, name) == ("loss", "lobby")
    assert "cookie" in sentence
    assert "two words" not in sentence


async def test_passwords_that_nobody_can_check_are_told(bare: OldSite, data: DataFolder) -> None:
    bare.add_user("unusable", password="!NetonOO5dg5863kW16JqOG7FlObowz4dz1X5IWQM")
    bare.add_user("fine")

    report = await imported(bare, data)

    [(verdict, name, sentence)] = told(report, Kind.ACCOUNT)
    assert (verdict, name) == ("warning", "unusable")
    assert "reset-password" in sentence


@pytest.mark.parametrize("name", ["server", "admin"])
async def test_a_player_cannot_bring_a_reserved_name(
    bare: OldSite, data: DataFolder, name: str
) -> None:
    bare.add_user(name)
    report = await imported(bare, data)
    assert count(report, Kind.ACCOUNT) == (0, 0, 0, 1)


async def test_an_admin_may_be_called_admin(bare: OldSite, data: DataFolder) -> None:
    bare.add_user("admin", is_superuser=True)
    report = await imported(bare, data)
    assert count(report, Kind.ADMIN) == (1, 0, 0, 0)


async def test_a_channel_whose_id_cannot_stand_in_an_address_stays_behind(
    bare: OldSite, data: DataFolder
) -> None:
    for channel_id in ("..", "a\nb", "", " padded "):
        bare.change("INSERT INTO server_channel VALUES (?, '', 1)", channel_id)
    bare.change("INSERT INTO server_channel VALUES ('fine', '', 1)")

    report = await imported(bare, data)

    assert count(report, Kind.CHANNEL) == (1, 0, 0, 4)
    assert facts(data).rows["channels"] == [("fine", "fine", 1)]


async def test_permissions_that_are_no_memberships_are_left_alone(
    bare: OldSite, data: DataFolder
) -> None:
    bare.add_user("ann")
    bare.change(
        "INSERT INTO auth_user_user_permissions (user_id, permission_id)"
        " SELECT 1, id FROM auth_permission WHERE codename = 'view_channel'"
    )
    bare.add_member("gone", "ann")

    report = await imported(bare, data)

    assert told(report, Kind.MEMBERSHIP) == [("loss", "ann", "there is no channel 'gone'.")]
    assert count(report, Kind.MEMBERSHIP) == (0, 0, 0, 1)


async def test_positions_are_read_in_seconds_or_microseconds(
    bare: OldSite, data: DataFolder
) -> None:
    bare.change("INSERT INTO server_channel VALUES ('c', 'C', 1)")
    for number, position in enumerate([0, 90, 42.25, 42_000_000, 3_600_000_000]):
        bare.change(
            "INSERT INTO server_videorecord VALUES (?, 'c', ?, '', NULL, '', '', ?, ?)",
            *(number + 1, f"r{number}", position, JOINED),
        )

    await imported(bare, data)

    assert [row[6] for row in facts(data).rows["records"]] == [
        0,
        90_000_000,
        42_250_000,
        42_000_000,
        3_600_000_000,
    ]


async def test_rows_that_make_no_sense_are_told_and_left_out(
    bare: OldSite, data: DataFolder
) -> None:
    bare.add_user("ann")
    bare.add_user("when", date_joined="some day")
    bare.add_user("what", is_superuser="perhaps")
    bare.change("UPDATE auth_user SET username = CAST(x'ff41' AS TEXT) WHERE username = 'what'")

    report = await imported(bare, data)

    assert count(report, Kind.ACCOUNT) == (1, 0, 0, 2)
    assert "date_joined" in told(report, Kind.ACCOUNT)[0][2]


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01 00:00:00",
        "0001-01-01 00:00:00+14:00",
        "9999-12-31 23:59:59-14:00",
        "99999-01-01 00:00:00",
        10**18,
        "\x00",
    ],
)
async def test_a_moment_that_is_out_of_range_is_told_and_left_out(
    bare: OldSite, data: DataFolder, moment: object
) -> None:
    bare.add_user("ann", date_joined=moment)
    bare.add_user("bob")
    report = await imported(bare, data)
    [(verdict, _, sentence)] = told(report, Kind.ACCOUNT)
    assert verdict == "loss"
    assert sentence.startswith("a row of auth_user makes no sense: date_joined: ")
    assert [row[1] for row in facts(data).rows["accounts"]] == ["bob"]


async def test_a_moment_of_another_zone_is_the_same_in_utc(bare: OldSite, data: DataFolder) -> None:
    bare.add_user("ann", date_joined="2025-01-01 01:30:00.000000+02:00")
    await imported(bare, data)
    [ann] = facts(data).rows["accounts"]
    assert ann[4] == "2024-12-31 23:30:00.000000"


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, 0, -1])
async def test_a_number_that_no_user_can_have_is_told_and_left_out(
    bare: OldSite, data: DataFolder, number: int
) -> None:
    bare.add_user("ann", id=number)
    bare.change("DELETE FROM sqlite_sequence")
    bare.add_user("bob", id=7)
    bare.change("UPDATE sqlite_sequence SET seq = 7")
    report = await imported(bare, data)
    [(verdict, name, sentence)] = told(report, Kind.ACCOUNT)
    assert (verdict, name) == ("loss", str(number))
    assert "auth_user makes no sense: id" in sentence
    assert [row[:2] for row in facts(data).rows["accounts"]] == [(7, "bob")]


@pytest.mark.parametrize("seq", ["many", -1, 2**53 + 1, 2**63 - 1, 1.5, b"\xff", float("inf")])
async def test_a_sequence_that_makes_no_sense_is_refused(
    bare: OldSite, data: DataFolder, seq: object
) -> None:
    bare.add_user("ann")
    bare.change("UPDATE sqlite_sequence SET seq = ? WHERE name = 'auth_user'", seq)
    with pytest.raises(ImportFailure, match="column seq of the table sqlite_sequence"):
        await imported(bare, data)
    assert not data.path.exists()


async def test_a_sequence_without_a_number_is_none(bare: OldSite, data: DataFolder) -> None:
    bare.add_user("ann")
    bare.change("UPDATE sqlite_sequence SET seq = NULL WHERE name = 'auth_user'")
    await imported(bare, data)
    assert facts(data).rows["given"] == [(1,)]


async def test_users_that_are_there_twice_come_once(bare: OldSite, data: DataFolder) -> None:
    bare.change("ALTER TABLE auth_user RENAME TO was")
    bare.change("CREATE TABLE auth_user AS SELECT * FROM was")
    bare.add_user("ann", id=1)
    bare.add_user("ann", id=2)
    bare.add_user("bob", id=1)
    report = await imported(bare, data)
    assert [name for _, name, _ in told(report, Kind.ACCOUNT)] == ["ann", "bob"]
    assert [row[:2] for row in facts(data).rows["accounts"]] == [(1, "ann")]


async def test_text_that_is_none_is_told_in_text_that_is_some(
    bare: OldSite, data: DataFolder
) -> None:
    bare.change("INSERT INTO server_channel VALUES (CAST(x'ff41' AS TEXT), 'A', 1)")
    bare.change("INSERT INTO server_channel VALUES ('lobby', CAST(x'ff41' AS TEXT), 1)")
    report = await imported(bare, data)
    found = told(report, Kind.CHANNEL)
    assert [name for _, name, _ in found] == ["?A", "lobby"]
    for column, (_, _, sentence) in zip(("channel_id", "name"), found, strict=True):
        assert sentence.startswith(f"a row of server_channel makes no sense: {column}: ")
    assert facts(data).rows == {"given": [(0,)]}


async def test_a_key_that_others_know_is_warned_of(bare: OldSite, data: DataFolder) -> None:
    report = await imported(bare, data, secret_key="django-insecure-" + "x" * 50)
    [(verdict, _, sentence)] = told(report, Kind.SECRET)
    assert verdict == "warning"
    assert "log in as anybody" in sentence


@pytest.mark.parametrize("key", ["", "  ", "two\nlines", "no text \udcff"])
async def test_a_key_that_cannot_be_one_is_refused(
    bare: OldSite, data: DataFolder, key: str
) -> None:
    with pytest.raises(ImportFailure, match="SECRET_KEY"):
        await imported(bare, data, secret_key=key)
    assert not data.path.exists()


async def test_an_import_waits_for_nobody_who_serves_the_folder(
    old: OldSite, data: DataFolder
) -> None:
    data.create()
    with data.lock(), pytest.raises(DataFolderError, match="stop it"):
        await imported(old, data)
    assert facts(data) == Facts()


async def test_progress_goes_from_nothing_to_all(old: OldSite, data: DataFolder) -> None:
    shares: list[float] = []
    await move_in(source_of(old), data, applied=True, on_progress=shares.append)
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1
