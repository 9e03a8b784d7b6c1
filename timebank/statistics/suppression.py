"""Small cells: figures of fewer than three people are not shown to whoever has a link, nor what they follow from.

The table has a row a group and a column a provenance, with totals of both. Hiding single cells inside it is not safe:
whoever combines the totals of rows with those of columns gets them back. So the inside is shown whole or not at all,
and of the totals each line hides at least two, of three people together, or none (the proof is a test, by rank).
"""

from collections.abc import Sequence

LEAST_PEOPLE = 3

Place = tuple[int, int]


def hidden(people: Sequence[Sequence[int]], *, each_row_one_column: bool = False) -> set[Place]:
    """Return the cells to hide of a table of how many people each cell is about.

    The last row and the last column are the totals. ``each_row_one_column`` says that a row's provenance stands in its
    name: then a column's total is nothing but the sum of some rows, and tells of the hidden ones among them.
    """
    *body, whole = people
    last = len(body)
    columns = range(len(whole) - 1)
    if not _has_small(people):
        return set()
    if whole[-1] < LEAST_PEOPLE:
        return {(row, column) for row in range(last + 1) for column in range(len(whole))}
    inside = {(row, column) for row in range(last) for column in columns}
    rows = {(row, len(columns)) for row in _hidden_of([cells[-1] for cells in body])}
    totals = {(last, column) for column in (columns if each_row_one_column else _hidden_of(whole[:-1]))}
    return inside | rows | totals


def _has_small(people: Sequence[Sequence[int]]) -> bool:
    return any(0 < count < LEAST_PEOPLE for cells in people for count in cells)


def _hidden_of(counts: Sequence[int]) -> set[int]:
    """Return which figures of a line with a shown total of three people or more are hidden.

    Somebody may stand in several of them: together they are about no fewer people than the largest, perhaps no more.
    All of them together are about as many as the total.
    """
    found = {place for place, count in enumerate(counts) if 0 < count < LEAST_PEOPLE}
    others = sorted((count, place) for place, count in enumerate(counts) if count >= LEAST_PEOPLE)
    if found and others:  # one more makes two of them, and three people
        found.add(others[0][1])
    return found
