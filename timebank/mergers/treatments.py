"""What becomes of everything that names a person when their account is merged into another: one table to read.

A test walks every column that names a person and asks that it stands here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Treatment(StrEnum):
    """How a column that names a merged account is treated."""

    MOVED = "moved"
    """An ordinary row: it names who goes on from now on. Of two that may not stand side by side the old one's ends."""
    CARRIED = "carried"
    """Append-only: a new row says the same of who goes on; the old one stays."""
    LINKED = "linked"
    """Never rewritten: the row keeps the old id, and is read for who goes on through ``identity.former``."""
    ANEW = "anew"
    """Ended for the old account and entered anew for who goes on."""
    ENDS = "ends"
    """Goes with the account."""
    REFUSED = "refused"
    """Nobody who has it is merged away."""
    STAYS = "stays"
    """What was so then, or whom somebody else's word was about: nobody asks it about who goes on."""


@dataclass(frozen=True, slots=True)
class Rule:
    """The treatment of one column, and why.

    Of a MOVED one: ``but_not_beside`` names the columns of which a person has one live row each, ``live`` what such a row
    says (a column and the values that it has while live), ``ended`` what the old account's says instead; ``not_to`` is
    the other side of a row between two people.
    """

    treatment: Treatment
    why: str
    but_not_beside: tuple[str, ...] = ()
    live: tuple[str, tuple[str | None, ...]] | None = None
    ended: Mapping[str, str] = field(default_factory=dict)
    not_to: str | None = None


NOW, BY = "the instant of the merger", "who has approved it"
"""Stand for values in ``ended``."""

_M, _C, _L, _S = Treatment.MOVED, Treatment.CARRIED, Treatment.LINKED, Treatment.STAYS
_UNENDED = ("ended_at", (None,))
_END = {"ended_at": NOW, "ended_by": BY}

RULES: dict[tuple[str, str], Rule] = {
    # --- signing in -------------------------------------------------------------------------------------------------
    ("identity_wechat", "person_id"): Rule(_M, "the old sign-in leads to who goes on"),
    ("identity_session", "person_id"): Rule(Treatment.ENDS, "revoked: whoever is signed in signs in again"),
    ("identity_password", "person_id"): Rule(_S, "a closed account is not signed in"),
    ("identity_recovery_code", "person_id"): Rule(_S, "a closed account is not signed in"),
    ("identity_state_change", "person_id"): Rule(_S, "what became of that account"),
    ("people_disclosure", "person_id"): Rule(_L, "whose data staff have looked at, with the reason"),
    ("people_erasure", "person_id"): Rule(_S, "one that waits is refused; what is over is over"),
    ("people_profile", "person_id"): Rule(Treatment.ANEW, "kept where who goes on has none"),
    ("identity_grant", "person_id"): Rule(Treatment.REFUSED, "a merger hands no role to anybody"),
    ("identity_clerk_site", "person_id"): Rule(_S, "means nothing without a role, and nobody with one is merged away"),
    ("identity_phone", "person_id"): Rule(Treatment.ANEW, "kept where who goes on has none, or it proves theirs"),
    ("identity_document", "person_id"): Rule(_M, "kept where who goes on has none"),
    ("identity_document_vault", "person_id"): Rule(Treatment.ENDS, "sealed for the old account: entered again"),
    ("identity_document_clash", "person_id"): Rule(_S, "a closed account is suggested no more"),
    ("identity_document_clash", "holder_id"): Rule(_S, "a closed account is suggested no more"),
    ("import_number", "person_id"): Rule(_M, "known again by it; of two at one organisation the old one goes"),
    ("import_contact", "person_id"): Rule(_M, "known again by either"),
    ("audit_note", "person_id"): Rule(_S, "whom it concerned then"),
    ("identity_invite", "person_id"): Rule(Treatment.ENDS, "there is nothing left to bind to"),
    ("identity_former", "old_id"): Rule(_S, "this is the link"),
    ("identity_former", "person_id"): Rule(_M, "never a chain: who was merged before leads on, too"),
    ("merge_request", "old_id"): Rule(_S, "what was asked"),
    ("merge_request", "person_id"): Rule(_S, "what was asked"),
    ("merge_hint", "person_id"): Rule(_S, "a closed account is suggested no more"),
    ("merge_hint", "other_id"): Rule(_S, "a closed account is suggested no more"),
    # --- who they are to others -------------------------------------------------------------------------------------
    ("identity_consent", "person_id"): Rule(_C, "the later word of the two accounts counts"),
    ("surplus_consent", "person_id"): Rule(_C, "the later word of the two accounts counts"),
    ("identity_family", "proposer_id"): Rule(_M, "relatives stay relatives", ("pair",), not_to="relative_id"),
    ("identity_family", "relative_id"): Rule(_M, "relatives stay relatives", ("pair",), not_to="proposer_id"),
    ("identity_guardian", "ward_id"): Rule(
        _M, "who answers for them", ("guardian_id",), _UNENDED, _END, not_to="guardian_id"
    ),
    ("identity_guardian", "guardian_id"): Rule(
        _M, "for whom they answer", ("ward_id",), _UNENDED, _END, not_to="ward_id"
    ),
    ("identity_household_member", "person_id"): Rule(
        Treatment.ANEW, "what the old account took while in it still counts in the household"
    ),
    ("organisation_member", "person_id"): Rule(
        _M, "they belong to the organisation", ("organisation_id",), _UNENDED, _END
    ),
    ("notification", "person_id"): Rule(_M, "one inbox"),
    ("notification_subscription", "person_id"): Rule(_M, "what was accepted adds up"),
    # --- shifts -----------------------------------------------------------------------------------------------------
    ("activity", "leader_id"): Rule(_M, "they lead it"),
    ("sign_up", "volunteer_id"): Rule(
        _M,
        "their place; of two on one shift that is over the old one is withdrawn",
        ("shift_id",),
        ("state", ("live",)),
        {"state": "withdrawn", "withdrawn_at": NOW},
    ),
    ("waiting_place", "volunteer_id"): Rule(_M, "their turn; both waiting for one shift are refused"),
    ("calendar_feed", "person_id"): Rule(
        _M, "the link goes on; of two the old one ends", (), ("revoked_at", (None,)), {"revoked_at": NOW}
    ),
    ("qualification", "person_id"): Rule(_L, "verified is verified"),
    # --- service ----------------------------------------------------------------------------------------------------
    ("attendance", "volunteer_id"): Rule(_M, "where they were"),
    ("scan", "volunteer_id"): Rule(_L, "evidence of that moment"),
    ("late_scan", "volunteer_id"): Rule(_S, "decided before; what came of it is an attendance"),
    ("attendance_client_ref", "person_id"): Rule(_S, "a phone that signs in anew sends nothing twice"),
    ("service_record", "volunteer_id"): Rule(_S, "for whom it was first recorded; its revisions say whose it is"),
    ("service_record_revision", "volunteer_id"): Rule(_C, "a revision says who goes on; minutes and credit stay"),
    ("correction", "volunteer_id"): Rule(_S, "decided before"),
    ("supplement", "volunteer_id"): Rule(_L, "decided before, and still theirs to see"),
    ("fraud_finding", "person_id"): Rule(_L, "nobody leaves a ban behind"),
    ("record_objection", "objector_id"): Rule(_L, "answered before, and still theirs to see"),
    ("certificate", "volunteer_id"): Rule(_L, "what was certified stays certified"),
    ("star_proposal", "volunteer_id"): Rule(_L, "a star stays theirs"),
    ("star_objection", "objector_id"): Rule(_L, "who has objected decides on nothing of it"),
    ("training_participation", "volunteer_id"): Rule(_L, "learned is learned"),
    ("award", "volunteer_id"): Rule(_L, "an award stays theirs"),
    ("evaluation", "volunteer_id"): Rule(_L, "how their service was"),
    ("complaint", "complainant_id"): Rule(_L, "still theirs to see"),
    ("complaint", "volunteer_id"): Rule(_L, "about them"),
    # --- minutes and goods ------------------------------------------------------------------------------------------
    ("ledger_account", "owner_id"): Rule(_C, "a transfer of kind merge moves what is there; the account is closed"),
    ("gift", "giver_id"): Rule(_M, "what they gave", not_to="recipient_id"),
    ("gift", "recipient_id"): Rule(_M, "what they were given", not_to="giver_id"),
    ("pool_donation", "owner_id"): Rule(_S, "who gave it then; the ledger knows who answers for it"),
    ("pool_application", "person_id"): Rule(_M, "they wait; both waiting in one area are refused"),
    ("pool_grant", "person_id"): Rule(_M, "what they were granted; both asked for in one area are refused"),
    ("redemption", "person_id"): Rule(_L, "what the old account took, within the old account's limits"),
    ("free_quota_entitlement", "person_id"): Rule(
        _M,
        "their quota; of two at one organisation the old one ends",
        ("organisation_id",),
        _UNENDED,
        _END | {"end_reason": "账户合并 · accounts merged"},
    ),
    ("shop_proxy", "person_id"): Rule(_M, "who collects for them", ("proxy_id",), _UNENDED, _END, not_to="proxy_id"),
    ("shop_proxy", "proxy_id"): Rule(_M, "for whom they collect", ("person_id",), _UNENDED, _END, not_to="person_id"),
    ("donation", "donor_id"): Rule(_M, "what they offered"),
    ("file_upload", "person_id"): Rule(_M, "what they sent; what both have sent once"),
}
"""By table and column. Who acted (``entered_by``, ``decided_by`` …) is not in it: that was the account that acted."""
