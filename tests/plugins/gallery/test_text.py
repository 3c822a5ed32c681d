import pytest

from bunga_gallery.text import has_all_words, natural_order, year_in


@pytest.mark.parametrize(
    ("title", "keyword"),
    [
        ("Le Fabuleux Destin d'Amélie", "amelie"),
        ("Le Fabuleux Destin d'Amélie", "AMÉLIE destin"),
        ("STRASSE", "straße"),
        ("千と千尋の神隠し", "千尋"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς"),
    ],
)
def test_a_title_is_found_by_its_words_whatever_their_case_and_accents(
    title: str, keyword: str
) -> None:
    assert has_all_words(title, keyword)


def test_a_title_that_lacks_one_of_the_words_is_not_found() -> None:
    assert not has_all_words("The Third Man", "third woman")


def test_numbers_in_titles_are_sorted_as_numbers() -> None:
    titles = ["E10", "e2", "E1", "2 Fast", "10 Things", "e2b"]

    assert sorted(titles, key=natural_order) == ["2 Fast", "10 Things", "E1", "e2", "e2b", "E10"]


@pytest.mark.parametrize(
    ("title", "year"), [("Metropolis (1927)", 1927), ("2001 (HD)", None), ("1984", None)]
)
def test_the_year_of_a_title_is_the_one_in_parentheses(title: str, year: int | None) -> None:
    assert year_in(title) == year
