"""Small cells are hidden, and so is whatever they could be worked out from: proved by linear algebra."""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.statistics.suppression import LEAST_PEOPLE, hidden

Served = list[tuple[int, int, int]]
"""Who, in which row, in which column."""


def table(cells: list[list[int]]) -> list[list[int]]:
    """Return cells with their totals (here everybody is counted in one cell only)."""
    rows = [[*row, sum(row)] for row in cells]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def test_nothing_small_hides_nothing() -> None:
    """Cells of three and more, and cells of nobody, are shown."""
    assert hidden(table([[3, 0], [5, 8]])) == set()


def test_one_small_cell_hides_the_whole_inside() -> None:
    """The totals of rows and columns would tell it; they themselves stay, being about enough people."""
    found = hidden(table([[2, 9, 9], [9, 4, 9], [9, 9, 9]]))

    assert found == {(row, column) for row in range(3) for column in range(3)}


def test_a_small_row_takes_the_next_one_along() -> None:
    """Else the grand total would tell it: two rows, of three people together."""
    found = hidden(table([[1], [7], [9]]))

    assert {(0, 1), (1, 1)} <= found
    assert not found & {(2, 1), (3, 1)}


def test_many_small_rows_alone_may_have_a_total() -> None:
    """Three rows of one person each are three people together, who are all there are."""
    found = hidden([[1, 1], [1, 1], [1, 1], [3, 3]])

    assert {(row, 1) for row in range(3)} <= found
    assert (3, 1) not in found


def test_a_table_of_two_people_shows_nothing() -> None:
    """Not even its total, nor which of their minutes are nought."""
    assert len(hidden([[1, 0, 1], [1, 0, 1], [2, 0, 2]])) == 9


def test_one_person_in_several_rows_is_still_one() -> None:
    """Three rows of the same single person are not about three people: a fourth is hidden with them."""
    found = hidden([[1, 1], [1, 1], [1, 1], [5, 5], [6, 6]])

    assert {(row, 1) for row in range(4)} <= found


# --- proved over any table ------------------------------------------------------------------------------------------


def counted(served: Served, rows: int, columns: int) -> list[list[int]]:
    """Return how many different people each cell and each total is about."""
    who: dict[tuple[int, int], set[int]] = defaultdict(set)
    for person, row, column in served:
        for place in ((row, column), (row, columns), (rows, column), (rows, columns)):
            who[place].add(person)
    return [[len(who[row, column]) for column in range(columns + 1)] for row in range(rows + 1)]


def parts_of(place: tuple[int, int], rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the cells inside the table that a cell or a total is the sum of."""
    row, column = place
    down = range(rows) if row == rows else (row,)
    across = range(columns) if column == columns else (column,)
    return [(one, other) for one in down for other in across]


class Shown:
    """What a reader can work out: every sum of cells that is a combination of those that are shown."""

    def __init__(self, cells: list[tuple[int, int]]) -> None:
        self._place = {cell: number for number, cell in enumerate(cells)}
        self._basis: dict[int, list[Fraction]] = {}

    def _reduced(self, cells: list[tuple[int, int]]) -> list[Fraction]:
        vector = [Fraction(0)] * len(self._place)
        for cell in cells:
            if cell in self._place:
                vector[self._place[cell]] = Fraction(1)
        for pivot, row in self._basis.items():
            if vector[pivot]:
                factor = vector[pivot]
                vector = [one - factor * other for one, other in zip(vector, row, strict=True)]
        return vector

    def learn(self, cells: list[tuple[int, int]]) -> None:
        """Take a sum of cells as known."""
        vector = self._reduced(cells)
        pivot = next((place for place, one in enumerate(vector) if one), None)
        if pivot is None:
            return
        vector = [one / vector[pivot] for one in vector]
        for other, row in self._basis.items():
            self._basis[other] = [one - row[pivot] * new for one, new in zip(row, vector, strict=True)]
        self._basis[pivot] = vector

    def tell(self, cells: list[tuple[int, int]]) -> bool:
        """Whether a sum of cells follows from what is known."""
        return not any(self._reduced(cells))


def refuse_leaks(served: Served, rows: int, columns: int, *, each_row_one_column: bool) -> None:
    """Assert that no sum over some rows and some columns that is about one or two people follows from what is shown."""
    people = counted(served, rows, columns)
    found = hidden(people, each_row_one_column=each_row_one_column)
    named = {row: column for _, row, column in served} if each_row_one_column else {}
    empty = {
        part
        for row in range(rows + 1)
        for column in range(columns + 1)
        if not people[row][column] and (row, column) not in found
        for part in parts_of((row, column), rows, columns)
    }
    inside = [(row, column) for row in range(rows) for column in range(columns)]
    unknown = [one for one in inside if one not in empty and named.get(one[0], one[1]) == one[1]]
    shown = Shown(unknown)
    for row in range(rows + 1):
        for column in range(columns + 1):
            if (row, column) not in found:
                shown.learn(parts_of((row, column), rows, columns))
    for down in subsets(rows):
        for across in subsets(columns):
            about = {person for person, row, column in served if row in down and column in across}
            cells = [(row, column) for row in down for column in across]
            if 0 < len(about) < LEAST_PEOPLE:
                assert not shown.tell(cells), (people, cells)


def subsets(size: int) -> list[tuple[int, ...]]:
    """Return every choice of at least one of so many."""
    return [some for length in range(1, size + 1) for some in combinations(range(size), length)]


@st.composite
def services(draw: st.DrawFn) -> tuple[Served, int, int]:
    """Draw who served where: few people, so that small cells are everywhere, and some in many of them."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    one = st.tuples(st.integers(0, 7), st.integers(0, rows - 1), st.integers(0, columns - 1))
    served = draw(st.lists(one, max_size=14))
    crowd = draw(st.lists(st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)), max_size=6))
    served += [(100 + person, row, column) for row, column in crowd for person in range(4)]
    return served, rows, columns


def test_two_squares_with_a_bridge_keep_the_bridge() -> None:
    """Each row and column may hide two cells and more, and the totals of four lines tell one of them all the same."""
    cells = [[2, 4, 9, 9], [4, 2, 2, 9], [9, 9, 2, 4], [9, 9, 4, 2]]
    people = (
        (person, row, column)
        for row, counts in enumerate(cells)
        for column, count in enumerate(counts)
        for person in range(100 * (4 * row + column), 100 * (4 * row + column) + count)
    )
    refuse_leaks(list(people), 4, 4, each_row_one_column=False)


@given(services())
def test_nothing_about_fewer_than_three_people_follows_from_what_is_shown(drawn: tuple[Served, int, int]) -> None:
    """Whatever the table: rows, columns, cells and their unions; also where somebody stands in several of them."""
    served, rows, columns = drawn
    refuse_leaks(served, rows, columns, each_row_one_column=False)


@given(services())
def test_rows_that_name_their_provenance_tell_nothing_either(drawn: tuple[Served, int, int]) -> None:
    """By organisation and provenance a column's total is the sum of its rows, and hides with them."""
    served, rows, columns = drawn
    own = [(person, row, row % columns) for person, row, _ in served]
    refuse_leaks(own, rows, columns, each_row_one_column=True)


@pytest.mark.parametrize("shape", [(2, 2), (3, 2)])
def test_the_reader_of_these_tests_is_no_fool(shape: tuple[int, int]) -> None:
    """One hidden cell is told by its line, and four in a square are told by the totals and one of them."""
    rows, columns = shape
    inside = [(row, column) for row in range(rows) for column in range(columns)]
    shown = Shown(inside)
    for place in [(row, columns) for row in range(rows)] + [(rows, column) for column in range(columns)]:
        shown.learn(parts_of(place, rows, columns))
    assert not shown.tell([(0, 0)])
    for cell in inside:
        if cell[0] > 0:
            shown.learn([cell])
    assert shown.tell([(0, 0)])
