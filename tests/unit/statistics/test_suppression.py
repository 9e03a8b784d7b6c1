"""Small cells are hidden, and so is whatever they could be worked out from."""

from hypothesis import given
from hypothesis import strategies as st

from timebank.statistics.suppression import LEAST_PEOPLE, hidden


def table(cells: list[list[int]]) -> list[list[int]]:
    """Return cells with their totals (here everybody is counted in one cell only)."""
    rows = [[*row, sum(row)] for row in cells]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]]


def test_nothing_small_hides_nothing() -> None:
    """Cells of three and more, and cells of nobody, are shown."""
    assert hidden(table([[3, 0], [5, 8]])) == set()


def test_one_small_cell_takes_another_of_its_line_along() -> None:
    """Else the total would tell it: in its row and in its column, and where those cross."""
    found = hidden(table([[2, 9, 9], [9, 4, 9], [9, 9, 9]]))

    assert (0, 0) in found
    assert len([place for place in found if place[0] == 0]) >= 2
    assert len([place for place in found if place[1] == 0]) >= 2


def test_two_of_one_person_each_are_still_too_few_together() -> None:
    """Their sum follows from the total, and is about two people: a third cell is hidden."""
    found = hidden(table([[1], [1], [7], [9]]))

    assert {(0, 0), (1, 0), (2, 0)} <= found
    assert (3, 0) not in found


def test_a_line_of_few_people_has_no_total() -> None:
    """Where there is nothing else to hide behind, the total goes as well."""
    assert hidden(table([[1, 0], [0, 1]])) >= {(0, 0), (1, 1), (2, 2)}


@given(
    st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=4), min_size=1, max_size=5).filter(
        lambda t: len({len(r) for r in t}) == 1
    )
)
def test_no_hidden_cell_follows_from_its_line(cells: list[list[int]]) -> None:
    """Whatever the cells: no line with a shown total hides one cell only, or cells of fewer than three people."""
    people = table(cells)
    found = hidden(people)
    rows, columns = len(people), len(people[0])
    lines = [[(row, column) for column in range(columns)] for row in range(rows)]
    lines += [[(row, column) for row in range(rows)] for column in range(columns)]
    for row, counts in enumerate(people):
        for column, count in enumerate(counts):
            assert not 0 < count < LEAST_PEOPLE or (row, column) in found
    for *parts, total in lines:
        covered = [place for place in parts if place in found]
        if total not in found:
            assert not covered or (
                len(covered) > 1 and sum(people[row][column] for row, column in covered) >= LEAST_PEOPLE
            )
        else:
            assert covered


def test_one_person_in_several_rows_is_still_one() -> None:
    """Three rows of the same single person are not about three people: their total is hidden with them."""
    people = [[1, 1], [1, 1], [1, 1], [5, 5], [8, 8]]
    found = hidden(people)
    assert {(row, 1) for row in range(3)} <= found
    assert len(found & {(3, 1), (4, 1)}) == 1
