"""Where a later run has to begin, as pages of a walk are started and their jobs end in any order."""

from datetime import date

from queuer.models.position import Position
from temporaletl.contract import Walk, Window

WALK = Walk(id=3, window=Window(date_start=date(2025, 1, 1), date_end=date(2025, 2, 1)), cursor="a")


def test_a_walk_stands_where_its_first_page_begins_that_is_not_finished() -> None:
    position = Position(WALK)
    first = position.begin_page("a")
    first.jobs += 2
    position.end_page(first, "b")
    second = position.begin_page("b")
    second.jobs += 1
    position.end_page(second, "c")
    assert position.find() == WALK
    second.jobs -= 1
    first.jobs -= 1
    assert position.find().cursor == "a"
    first.jobs -= 1
    assert position.find().cursor == "c"


def test_a_page_whose_jobs_are_not_all_started_is_not_finished() -> None:
    position = Position(WALK)
    page = position.begin_page("a")
    page.jobs += 1
    page.jobs -= 1
    assert position.find().cursor == "a"
    position.end_page(page, "b")
    assert position.find().cursor == "b"
    position.begin_page("b")
    assert position.find().cursor == "b"


def test_only_what_is_further_than_before_is_news() -> None:
    position = Position(WALK)
    assert position.find_news() is None
    position.end_page(position.begin_page("a"), "b")
    news = position.find_news()
    assert news is not None
    assert news.cursor == "b"
    assert position.find_news() is None
