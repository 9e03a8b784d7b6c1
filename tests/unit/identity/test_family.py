"""Who counts as whose relative."""

import pytest
from flask import Flask

from tests.factories.family import a_relation, relatives
from tests.factories.identity import a_person
from timebank.database import in_unit_of_work
from timebank.identity.family import relatives_of
from timebank.identity.rules import DIRECT, Kinship, RelationState, is_volunteer_no, new_volunteer_no, seen_from_there


@pytest.mark.rule("R22")
def test_a_verified_relation_counts_in_both_directions(app: Flask) -> None:
    """Whoever proposed it: each is the other's relative, and strangers are nobody's."""
    grandmother, grandson = relatives()
    daughter, stranger = a_person(), a_person()
    a_relation(daughter.id, grandmother.id, kinship=Kinship.PARENT)

    def family(person_id: object) -> frozenset[object]:
        return in_unit_of_work(lambda: relatives_of(person_id), write=False)  # type: ignore[arg-type]

    assert family(grandmother.id) == {grandson.id, daughter.id}
    assert family(grandson.id) == family(daughter.id) == {grandmother.id}
    assert family(stranger.id) == frozenset()


@pytest.mark.parametrize("state", [state for state in RelationState if state is not RelationState.VERIFIED])
def test_no_other_state_counts(app: Flask, state: RelationState) -> None:
    """What is only said, was rejected, or ended before staff had verified it makes nobody a relative."""
    one, other = a_person(), a_person()
    a_relation(one.id, other.id, state=state)

    assert in_unit_of_work(lambda: relatives_of(one.id) | relatives_of(other.id), write=False) == frozenset()


@pytest.mark.rule("R35")
def test_nobody_stops_being_a_relative_by_one_click(app: Flask) -> None:
    """Either may end a verified relation; what it forbids them to decide about each other stays forbidden."""
    one, other = a_person(), a_person()
    a_relation(one.id, other.id, state=RelationState.ENDED, decided=True)

    assert in_unit_of_work(lambda: relatives_of(one.id), write=False) == {other.id}
    assert in_unit_of_work(lambda: relatives_of(other.id), write=False) == {one.id}


def test_each_kinship_has_its_other_side() -> None:
    """Whoever is my grandchild has me as grandparent; a spouse and a sibling are what they are from both sides."""
    assert {kinship: seen_from_there(kinship) for kinship in Kinship} == {
        Kinship.SPOUSE: Kinship.SPOUSE,
        Kinship.PARENT: Kinship.CHILD,
        Kinship.CHILD: Kinship.PARENT,
        Kinship.SIBLING: Kinship.SIBLING,
        Kinship.GRANDPARENT: Kinship.GRANDCHILD,
        Kinship.GRANDCHILD: Kinship.GRANDPARENT,
    }


@pytest.mark.rule("R22")
def test_siblings_are_relatives_and_not_of_the_direct_line() -> None:
    """直系亲属 are the spouse and the direct line, up and down."""
    assert set(Kinship) - DIRECT == {Kinship.SIBLING}


def test_a_mistyped_volunteer_number_is_known_as_one() -> None:
    """Every number that is given out passes; one digit less, one changed, or another script does not."""
    number = new_volunteer_no()
    changed = str((int(number[0]) + 1) % 10) + number[1:]

    assert is_volunteer_no(number)
    assert not any(map(is_volunteer_no, (number[1:], changed, number + "0", "", "一二三四五六七八九十", "¹²³⁴⁵⁶⁷⁸⁹⁰")))
