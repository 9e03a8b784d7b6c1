"""Small cells: figures of fewer than three people are not shown to whoever has a link, nor what they follow from.

Hiding one cell is not enough where its line has a total: whoever subtracts has it back. So in every line that has a
hidden cell at least two are hidden, of three people together, or else its total is, too.
"""

from collections.abc import Iterator, Sequence

LEAST_PEOPLE = 3

Place = tuple[int, int]


def hidden(people: Sequence[Sequence[int]]) -> set[Place]:
    """Return the cells to hide of a table of how many people each cell is about.

    The last row and the last column are the totals. A cell of nobody is shown: it is nought.
    """
    found = {
        (row, column)
        for row, cells in enumerate(people)
        for column, count in enumerate(cells)
        if 0 < count < LEAST_PEOPLE
    }
    changed = True
    while changed:
        changed = any([_cover(line, people, found) for line in _lines(people)])  # noqa: C419 - all lines, each round
    return found


def _lines(people: Sequence[Sequence[int]]) -> Iterator[list[Place]]:
    """Yield the rows and the columns, each with its total last."""
    rows, columns = len(people), len(people[0])
    for row in range(rows):
        yield [(row, column) for column in range(columns)]
    for column in range(columns):
        yield [(row, column) for row in range(rows)]


def _cover(line: list[Place], people: Sequence[Sequence[int]], found: set[Place]) -> bool:
    """Hide what more of a line has to be hidden; return whether there was anything."""
    *parts, total = line
    changed = False
    while _tells(parts, total, people, found):
        shown = [place for place in parts if place not in found and people[place[0]][place[1]]]
        if shown:
            found.add(min(shown, key=lambda place: (people[place[0]][place[1]], place)))
        elif total not in found:
            found.add(total)
        else:
            break
        changed = True
    return changed


def _tells(parts: list[Place], total: Place, people: Sequence[Sequence[int]], found: set[Place]) -> bool:
    """Whether what is hidden follows from what is shown of a line, or is about too few people together."""
    covered = [place for place in parts if place in found]
    if total in found:
        return not covered and any(people[row][column] for row, column in parts)
    if not covered:
        return False
    # Somebody may stand in several cells: together they are about no fewer people than the largest, perhaps no more.
    return len(covered) < 2 or max(people[row][column] for row, column in covered) < LEAST_PEOPLE
