import pytest

from bunga_gallery.text import natural_order, year_in


def test_numbers_in_titles_are_sorted_as_numbers() -> None:
    titles = ["E10", "e2", "E1", "2 Fast", "10 Things", "e2b"]

    assert sorted(titles, key=natural_order) == ["2 Fast", "10 Things", "E1", "e2", "e2b", "E10"]


@pytest.mark.parametrize(
    ("title", "year"), [("Metropolis (1927)", 1927), ("2001 (HD)", None), ("1984", None)]
)
def test_the_year_of_a_title_is_the_one_in_parentheses(title: str, year: int | None) -> None:
    assert year_in(title) == year
