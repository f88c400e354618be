"""docs/scale.md has the costs that the model gives, and the settings that it names exist."""

from __future__ import annotations

from pathlib import Path

from bench.cost_model import Assumptions, Cost, format_costs, list_costs

PAGE = Path(__file__).parents[2] / "docs/scale.md"


def test_the_page_has_the_costs_of_the_model() -> None:
    """As ``python -m bench.cost_model`` prints them."""
    table = PAGE.read_text().partition("bench.cost_model -->\n\n")[2].partition("\n\n<!-- end")[0]
    assert table == format_costs(Assumptions())


def test_work_costs_little_beside_storage() -> None:
    """What the page says of the sums."""
    *work, storage = list_costs(Assumptions())
    assert isinstance(storage, Cost)
    monthly = [each for each in work if not each.work.startswith(("list", "prove", "make"))]
    assert sum(each.dollars for each in monthly) < 0.02 * storage.dollars
    (again,) = (each for each in work if each.work.startswith("read"))
    assert again.hours is not None
    assert 80 < again.hours < 90
