"""What is worked out once for each different value."""

import pytest

from timebank.documents import columns
from timebank.documents.columns import Known, ids, remembering
from timebank.documents.tables import Type


def test_what_was_made_is_remembered_but_never_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """A million different names need no more memory than a few; a few are made once each."""
    monkeypatch.setattr(columns, "REMEMBERED", 3)
    made: list[int] = []

    def double(number: int) -> int:
        made.append(number)
        return 2 * number

    known = Known(double)

    assert known.all([1, 2, 1, 2, 1]) == [2, 4, 2, 4, 2]
    assert made == [1, 2]
    assert known.all(range(100)) == list(range(0, 200, 2))
    assert len(known) <= 3


def test_long_texts_are_not_remembered() -> None:
    """Ten thousand descriptions of activities would be more than a worker has: each is made again when it comes again."""
    made: list[str] = []
    known = Known[str, int](lambda text: made.append(text) or len(text))

    assert known.all(["短", "长" * 201, "短", "长" * 201]) == [1, 201, 1, 201]
    assert (list(known), len(made)) == (["短"], 3)


def test_what_equals_a_remembered_cell_is_still_looked_at() -> None:
    """True equals 1 and would be found in its place, but is no number."""
    shown = remembering(Type.WHOLE_NUMBER, str, "")

    assert shown([1, None]) == ["1", ""]
    with pytest.raises(TypeError):
        shown([True])


def test_what_joins_ids_is_in_none_of_them() -> None:
    """A column is of ids if each of its cells is one, as the cell alone would be looked at."""
    assert ids(["a", "b-1"])
    for column in (["a b"], ["a", "b c"], ["a", "", "b"], [""], ["a", None], ["a", "=b"], ["a\n"]):
        assert not ids(column), column
