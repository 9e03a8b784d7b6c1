"""Sealing: which lines a seal covers, what it is chained to, and what it refuses to cover up."""

import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, update

from tests.factories.ledger import a_volunteer_with, earned, redeemed
from tests.unit.ledger.sealing import leaves_of, root_of, sealed
from tests.unit.ledger.tampering import chain_of, execute
from timebank import clock
from timebank.database import in_unit_of_work, new_id
from timebank.ledger import anchors, chain, proof, seals
from timebank.ledger.chain import NO_HASH, LeafRow, SealRow
from timebank.ledger.commands import cli
from timebank.ledger.errors import LedgerDiffersFromSeal, NotSealedYet
from timebank.ledger.merkle import climb, leaf_hash
from timebank.ledger.queries import account, entry
from timebank.ledger.rules import wallet_of
from timebank.ledger.seals import Proof

AT = datetime(2026, 3, 5, 1, 2, 3, 456789, tzinfo=UTC)


def _leaf(n: int, owner_id: UUID) -> LeafRow:
    end = chain_of(owner_id)[-1]
    return LeafRow(n, end.account_id, end.seq, end.hash)


def _proof_of(owner_id: UUID) -> Proof:
    return in_unit_of_work(lambda: seals.proof_of(owner_id), write=False)


# --- the bytes --------------------------------------------------------------------------------------------------------


def test_the_bytes_of_a_seal_never_change() -> None:
    """Golden vectors: a change of one byte makes every published seal look forged."""
    seal = SealRow(7, AT, 3, 20, 18, bytes(range(32)), bytes(range(32, 64)), NO_HASH)
    assert chain.seal_hash(seal).hex() == "a18d9c3852d9f5e7a797e609e9949794dd3c39a028e2ab20ee311388402c4660"
    leaf = chain.seal_leaf(UUID(int=5), 9, bytes(range(32)))
    assert leaf.hex() == "0105" + f"{5:032x}" + f"{9:016x}" + bytes(range(32)).hex()


@pytest.mark.parametrize("column", [column for column in SealRow._fields if column != "hash"])
def test_a_seal_s_hash_covers_every_column(column: str) -> None:
    """A change of any other value changes the hash."""
    seal = SealRow(7, AT, 3, 20, 18, bytes(32), bytes(32), NO_HASH)
    other = {"at": AT + timedelta(microseconds=1), "root": bytes([1] * 32), "previous": bytes([1] * 32)}
    changed = seal._replace(**{column: other.get(column, getattr(seal, column))})
    if column not in other:
        changed = seal._replace(**{column: getattr(seal, column) + 1})
    assert chain.seal_hash(changed) != chain.seal_hash(seal)


def test_what_is_no_hash_is_not_packed() -> None:
    """A root or head that is too long would be cut silently."""
    seal = SealRow(7, AT, 3, 20, 18, bytes(33), bytes(32), NO_HASH)
    with pytest.raises(ValueError, match="no SHA-256"):
        chain.seal_hash(seal)
    with pytest.raises(ValueError, match="too large"):
        chain.seal_hash(seal._replace(root=bytes(32), n=2**63))
    with pytest.raises(ValueError, match="no SHA-256"):
        chain.seal_leaf(UUID(int=1), 1, bytes(33))


# --- what a seal covers -----------------------------------------------------------------------------------------------


def test_an_empty_ledger_can_be_sealed(app: Flask) -> None:
    """The first seal chains on nothing, and over nothing its root is the hash of nothing."""
    first = sealed()
    assert (first.n, first.accounts, first.entries, first.transfers, first.previous) == (1, 0, 0, 0, NO_HASH)
    assert first.root == root_of([])
    assert first.hash == chain.seal_hash(first)
    assert proof.verify().ok


def test_a_seal_covers_the_end_of_every_chain(app: Flask) -> None:
    """Leaves are the last lines, in the order of the accounts' ids; it counts what they stand for."""
    one, other = a_volunteer_with(60), a_volunteer_with(90)
    redeemed(one, 20)
    made = sealed()
    leaves = sorted([_leaf(1, one), _leaf(1, other)], key=lambda leaf: leaf.account_id)
    assert leaves_of(1) == leaves
    assert (made.accounts, made.entries, made.transfers, made.root) == (2, 3, 3, root_of(leaves))


def test_only_what_moved_is_stored_again(app: Flask) -> None:
    """A later seal keeps everybody's place: who is new comes last, who has not moved stands as before."""
    one, other = a_volunteer_with(60), a_volunteer_with(90)
    first = sealed()
    before = leaves_of(1)
    third = a_volunteer_with(30)
    redeemed(one, 20)
    second = sealed()
    assert {leaf.account_id for leaf in leaves_of(2)} == {wallet_of(one).id, wallet_of(third).id}
    now = [_leaf(2, one) if leaf.account_id == wallet_of(one).id else leaf for leaf in before] + [_leaf(2, third)]
    assert (second.accounts, second.root, second.previous) == (3, root_of(now), first.hash)
    assert wallet_of(other).id in {leaf.account_id for leaf in now}
    assert proof.verify().ok


def test_nothing_moved_is_a_seal_as_well(app: Flask) -> None:
    """It says that at this later moment everything stood as before."""
    a_volunteer_with(60)
    first = sealed()
    second = sealed()
    assert (second.n, second.root, second.previous, leaves_of(2)) == (2, first.root, first.hash, [])
    assert proof.verify().ok


def test_time_never_runs_backwards_in_seals(app: Flask) -> None:
    """A clock that was put back does not make a seal older than the one before."""
    first = sealed()
    with clock.at(first.at - timedelta(days=1)):
        assert sealed().at == first.at


def test_two_sealings_at_once_are_two_seals(app: Flask) -> None:
    """They wait for each other: numbers without a gap, and one chain."""
    a_volunteer_with(60)

    def seal() -> None:
        with app.app_context():
            sealed()

    threads = [threading.Thread(target=seal) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = proof.verify()
    assert (report.ok, report.seals) == (True, 6)


# --- what it refuses --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["tail", "line", "wallet"])
def test_a_loss_is_not_sealed_over(app: Flask, how: str) -> None:
    """Whoever removes or changes what was sealed gets no new seal on top."""
    owner_id = a_volunteer_with(60)
    redeemed(owner_id, 10)
    sealed()
    mine = entry.c.account_id == wallet_of(owner_id).id
    if how == "tail":
        execute(delete(entry).where(mine, entry.c.seq == 2))
    elif how == "line":
        execute(update(entry).where(mine, entry.c.seq == 2).values(hash=NO_HASH))
    else:
        execute(delete(entry).where(mine))
        execute(delete(account).where(account.c.id == wallet_of(owner_id).id))
    with pytest.raises(LedgerDiffersFromSeal):
        sealed()


# --- the proof of one account -----------------------------------------------------------------------------------------


def test_everybody_s_end_is_provably_inside(app: Flask) -> None:
    """The path leads from each member's leaf to the root of the last seal, wherever the leaf was stored."""
    owners = [a_volunteer_with(10 + number) for number in range(5)]
    sealed()
    redeemed(owners[2], 5)
    owners.append(a_volunteer_with(7))
    made = sealed()
    for owner_id in owners:
        found = _proof_of(owner_id)
        leaf = leaf_hash(chain.seal_leaf(*found.leaf[1:]))
        assert found.seal == made
        assert found.leaf[1:] == _leaf(0, owner_id)[1:]
        assert climb(leaf, found.path) == made.root


def test_what_is_not_sealed_has_no_proof(app: Flask) -> None:
    """Before the first seal, and for whoever came after the last one."""
    owner_id = a_volunteer_with(10)
    with pytest.raises(NotSealedYet):
        _proof_of(owner_id)
    sealed()
    newcomer = a_volunteer_with(10)
    with pytest.raises(NotSealedYet):
        _proof_of(newcomer)
    earned(owner_id, 5)
    assert _proof_of(owner_id).leaf.seq == 1


def test_leaves_that_do_not_lead_to_the_root_prove_nothing(app: Flask) -> None:
    """A changed leaf is not handed out as a proof."""
    owner_id = a_volunteer_with(10)
    sealed()
    execute(update(seals.seal_leaf).values(seq=2))
    with pytest.raises(LedgerDiffersFromSeal):
        _proof_of(owner_id)


# --- the command and the published form -------------------------------------------------------------------------------


def test_the_command_prints_what_to_publish(app: Flask) -> None:
    """One line of JSON that reads back as the seal."""
    a_volunteer_with(10)
    result = CliRunner().invoke(cli, ["seal"])
    assert result.exit_code == 0
    assert anchors.read(result.output) == [in_unit_of_work(seals.last, write=False)]


def test_the_command_says_why_it_does_not_seal(app: Flask) -> None:
    """A refusal ends with one clear line and exit code 1."""
    owner_id = a_volunteer_with(60)
    sealed()
    execute(delete(entry).where(entry.c.account_id == wallet_of(owner_id).id))
    result = CliRunner().invoke(cli, ["seal"])
    assert result.exit_code == 1
    assert "timebank ledger verify" in result.output


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "3", '{"items": []}', '{"seal": {"n": "x"}}', '{"n": 1, "at": 5}', '[{"n": 1e400}]'],
)
def test_what_is_no_published_seal(text: str) -> None:
    """It is the file that is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011 - json and we say it in our own words
        anchors.read(text)


def test_a_published_seal_that_was_changed_is_not_believed(app: Flask) -> None:
    """Its own hash gives it away, before anything is compared."""
    published = anchors.published(sealed())
    published |= {"at": published["at"].isoformat(), "entries": 5, "id": str(new_id())}
    with pytest.raises(ValueError, match="was changed"):
        anchors.read(str(published).replace("'", '"'))
