from bunga_gallery.recent import Recent


def test_a_value_is_remembered_until_it_is_too_old() -> None:
    now = 100.0
    recent: Recent[str, str] = Recent(10, 60, lambda: now)
    recent.put("a", "A")

    now = 159.9
    assert recent.get("a") == "A"
    now = 160.0
    assert recent.get("a") is None


def test_the_oldest_value_makes_room_for_a_new_one() -> None:
    recent: Recent[str, int] = Recent(2, 60, lambda: 0.0)
    for key, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        recent.put(key, value)

    assert [recent.get(key) for key in "abc"] == [3, None, 4]
