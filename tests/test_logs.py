"""The end of the log, kept as values and as lines."""

import json
import logging
from collections.abc import Iterator

import pytest

from bunga_cli.logs import JsonFormatter, RecentLines, TextFormatter


@pytest.fixture
def recent() -> Iterator[RecentLines]:
    """Everything that is logged in the test, as a server keeps it."""
    recent = RecentLines()
    recent.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    LOG.addHandler(recent)
    yield recent
    LOG.removeHandler(recent)


# Without a parent: pytest's report is no place for text that is no Unicode.
LOG = logging.Logger("bunga.test", logging.DEBUG)  # noqa: LOG001


def say_a_few_things() -> None:
    LOG.debug("a detail")
    LOG.info("Ann came in")
    LOG.warning("the disk is nearly full")
    LOG.error("the disk is full")


def messages(recent: RecentLines, **wanted: object) -> list[str]:
    return [entry.message for entry in recent.entries(**wanted)]  # type: ignore[arg-type]


def test_an_entry_has_all_that_a_line_shows(recent: RecentLines) -> None:
    LOG.warning("%d rooms are %s", 3, "full")
    [entry] = recent.entries()
    assert (entry.level, entry.logger, entry.message) == (
        "warning",
        "bunga.test",
        "3 rooms are full",
    )
    assert (entry.traceback, entry.at.utcoffset() is not None) == ("", True)
    assert recent.lines() == ["WARNING bunga.test: 3 rooms are full\n"]


def test_a_failure_keeps_its_traceback_apart_from_its_message(recent: RecentLines) -> None:
    try:
        int("no number")
    except ValueError:
        LOG.exception("It failed.")
    [entry] = recent.entries()
    assert entry.message == "It failed."
    assert entry.traceback.startswith("Traceback")
    assert entry.traceback.endswith("'no number'")
    assert recent.lines()[0].endswith("'no number'\n")


def test_entries_come_the_oldest_first_and_no_more_than_asked_for(recent: RecentLines) -> None:
    say_a_few_things()
    assert messages(recent, last=2) == ["the disk is nearly full", "the disk is full"]


def test_a_level_leaves_out_what_matters_less(recent: RecentLines) -> None:
    say_a_few_things()
    assert messages(recent, level="warning") == ["the disk is nearly full", "the disk is full"]
    assert len(messages(recent, level="debug")) == 4
    assert messages(recent, level="critical") == []


def test_a_level_of_a_librarys_own_is_never_left_out(recent: RecentLines) -> None:
    LOG.log(33, "strange")
    assert messages(recent, level="critical") == ["strange"]


def test_a_text_is_found_in_large_and_small_letters(recent: RecentLines) -> None:
    say_a_few_things()
    assert messages(recent, text="DISK", last=1) == ["the disk is full"]
    assert messages(recent, text="bunga.TEST", last=1) == ["the disk is full"]
    assert messages(recent, text="nowhere") == []


def test_who_follows_gets_each_entry_once_in_its_turn(recent: RecentLines) -> None:
    say_a_few_things()
    seen = recent.entries()[1].id
    assert messages(recent, after=seen) == ["the disk is nearly full", "the disk is full"]
    last = recent.entries()[-1].id
    assert messages(recent, after=last) == []
    LOG.info("more")
    assert messages(recent, after=last) == ["more"]


def test_ids_rise_even_when_the_clock_goes_back(recent: RecentLines) -> None:
    for created in (2_000.0, 1_000.0, 1_000.0):
        record = LOG.makeRecord("bunga.test", logging.INFO, "", 0, "x", (), None)
        record.created = created
        LOG.handle(record)
    ids = [entry.id for entry in recent.entries()]
    assert ids == sorted(set(ids))


def test_only_the_last_thousand_are_kept(recent: RecentLines) -> None:
    for number in range(1_001):
        LOG.info("number %d", number)
    entries = recent.entries(last=2_000)
    assert (len(entries), entries[0].message) == (1_000, "number 1")
    assert len(recent.lines()) == 1_000


ESCAPES = "\x1b]0;x\x07\x1b[2J\x9b2J\x7f\r\u202e\u2066\u2028\x85\udc80\U000e0001"
FORGED = f"nothing found for x\n2026-01-01 00:00:00,000 INFO    bunga: forged{ESCAPES}"


def fail_with(text: str) -> None:
    LOG.error("Failed for %s", text, exc_info=RuntimeError(text))


def test_nobodys_words_look_like_a_record_of_their_own(recent: RecentLines) -> None:
    recent.setFormatter(TextFormatter())
    fail_with(FORGED)
    [record] = recent.lines()
    first, *more = record.splitlines()
    assert "ERROR   bunga.test: Failed for nothing found for x" in first
    assert len(more) == 3
    assert all(line.startswith("  | ") for line in more)


@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_no_words_do_anything_to_a_terminal(
    recent: RecentLines, formatter: type[logging.Formatter]
) -> None:
    recent.setFormatter(formatter())
    fail_with(FORGED)
    [record] = recent.lines()
    assert record.replace("\n", "").isprintable()
    assert "forged" in record
    assert record.isascii()


def test_words_in_json_stay_what_they_are(recent: RecentLines) -> None:
    recent.setFormatter(JsonFormatter())
    LOG.info("naïve　日本 %s", ESCAPES)
    [record] = recent.lines()
    assert json.loads(record)["message"] == f"naïve　日本 {ESCAPES}"
    assert "naïve　日本" in record


def test_letters_and_spaces_of_any_language_are_shown(recent: RecentLines) -> None:
    recent.setFormatter(TextFormatter())
    LOG.info("naïve　日本")
    assert recent.lines()[0].endswith("naïve　日本\n")


def test_an_entry_is_as_harmless_as_its_lines(recent: RecentLines) -> None:
    recent.setFormatter(TextFormatter())
    fail_with(FORGED)
    [entry] = recent.entries()
    assert f"{entry.message}{entry.traceback}".replace("\n", "").isprintable()
    assert entry.message.endswith(r"\u2028\x85\udc80\U000e0001")
    assert entry.traceback.endswith(r"\u2028\x85\udc80\U000e0001")


@pytest.mark.parametrize("letter", ["x", "\U000e0001"])
@pytest.mark.parametrize("formatter", [TextFormatter, JsonFormatter])
def test_a_record_is_never_long_and_keeps_both_its_ends(
    recent: RecentLines, formatter: type[logging.Formatter], letter: str
) -> None:
    recent.setFormatter(formatter())
    fail_with("first" + letter * 1_000_000 + "last")
    [record], [entry] = recent.lines(), recent.entries()
    assert len(record) < 200_000
    assert len(entry.message) + len(entry.traceback) < 20_000
    assert "Failed for first" in record
    assert record.rstrip('"}\n').endswith("last")


def test_a_traceback_that_another_handler_wrote_is_cut_too(recent: RecentLines) -> None:
    recent.setFormatter(TextFormatter())
    record = LOG.makeRecord("bunga.test", logging.INFO, "", 0, "x", (), None)
    record.exc_text = "y" * 1_000_000
    LOG.handle(record)
    assert len(recent.lines()[0]) < 20_000
