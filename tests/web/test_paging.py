"""Long lists in parts."""

import pytest
from starlette.requests import Request

from bunga_cli.web.paging import Part


def part(total: int, query: str, size: int = 50) -> Part[int]:
    request = Request({"type": "http", "headers": [], "query_string": query.encode()})
    return Part.of(range(total), request, size)


def test_a_short_list_is_one_part() -> None:
    whole = part(50, "")
    assert (len(whole.rows), whole.before, whole.after) == (50, None, None)


def test_a_long_list_goes_on_and_back() -> None:
    first, second, third = part(101, ""), part(101, "from=50"), part(101, "from=100")
    assert (first.before, first.after) == (None, 50)
    assert (second.before, second.after) == (0, 100)
    assert (third.before, third.after, [*third.rows]) == (50, None, [100])


@pytest.mark.parametrize("query", ["from=", "from=-1", "from=x", "from=1e3", "from=%C2%B2", "x=1"])
def test_nonsense_is_the_beginning(query: str) -> None:
    assert part(101, query).first == 0


def test_beyond_the_end_is_the_last_part() -> None:
    assert part(101, "from=999999999999").first == 100
    assert part(100, "from=100").first == 50
    assert part(0, "from=50").first == 0


def test_rows_can_stand_for_others() -> None:
    named = part(101, "from=100").with_rows(["hundred"])
    assert (named.rows, named.first, named.total, named.before) == (["hundred"], 100, 101, 50)
