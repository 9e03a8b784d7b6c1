"""The ledger's numbers, ids and effects."""

from uuid import UUID

import pytest

from timebank.database import NIL
from timebank.ledger import rules
from timebank.ledger.rules import AccountKind, Kind, Phase, SourceType

OWNER = UUID("0190a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b")


def test_numbers_never_change() -> None:
    """The numbers that are hashed stay what they are; a new word gets a new number."""
    assert {kind.name: kind.value for kind in AccountKind} == {
        "WALLET": 1,
        "DEBT": 2,
        "POOL": 3,
        "ISSUER": 11,
        "REDEEMED": 12,
        "EXPIRED": 13,
        "SHORTFALL": 14,
    }
    assert [kind.name for kind in sorted(Kind)] == [
        "EARN",
        "REDEEM",
        "REFUND",
        "GIFT",
        "DONATE",
        "GRANT",
        "EXPIRE",
        "REVERSE",
        "INCUR_DEBT",
        "RECOVER",
        "SETTLE_DEBT",
        "MERGE",
        "OPENING",
    ]
    assert [kind.value for kind in Kind] == list(range(1, 14))
    assert {phase.name: phase.value for phase in Phase} == {"SINGLE": 1, "HOLD": 2, "CAPTURE": 3, "RELEASE": 4}
    assert [source.name for source in sorted(SourceType)] == [
        "SERVICE_RECORD_REVISION",
        "REDEMPTION",
        "REDEMPTION_EXTENSION",
        "REFUND",
        "GIFT",
        "POOL_DONATION",
        "POOL_GRANT",
        "CORRECTION",
        "EXPIRY_RUN",
        "TRANSFER",
        "MERGE",
        "IMPORT_ROW",
    ]
    assert [source.value for source in SourceType] == list(range(1, 13))


def test_account_ids_follow_from_kind_and_owner() -> None:
    """An account's id is the same wherever it is computed, and differs by kind and by owner."""
    assert rules.account_id(AccountKind.WALLET, OWNER) == UUID("1f3f065d-c346-51b9-a8fb-78221f91d874")
    assert rules.wallet_of(OWNER).id == rules.account_id(AccountKind.WALLET, OWNER)
    assert len({rules.account_id(kind, owner) for kind in AccountKind for owner in (OWNER, NIL)}) == 14


def test_only_wallets_debts_and_pools_are_tracked() -> None:
    """System accounts have no entries, so that no row of theirs is hot."""
    assert {rules.Account(kind, NIL).tracked for kind in (AccountKind.WALLET, AccountKind.DEBT, AccountKind.POOL)} == {
        True
    }
    assert not any(account.tracked for account in rules.SYSTEM_ACCOUNTS)


def test_every_kind_has_a_route_with_a_tracked_side() -> None:
    """Every transfer touches at least one chain."""
    assert set(rules.ROUTES) == set(Kind)
    assert all(side & rules.TRACKED for routes in rules.ROUTES.values() for side in map(set, routes))


@pytest.mark.parametrize(
    ("phase", "effect"),
    [
        (Phase.SINGLE, (-60, 0)),
        (Phase.HOLD, (0, 60)),
        (Phase.CAPTURE, (-60, -100)),
        (Phase.RELEASE, (0, -100)),
    ],
)
def test_effect_of_each_phase_on_the_giver(phase: Phase, effect: tuple[int, int]) -> None:
    """A hold moves only held minutes, a capture both, and whatever it leaves is released with it."""
    assert rules.debit_effect(phase, 60, 100) == effect
    assert rules.moves(phase) is (effect[0] != 0)
