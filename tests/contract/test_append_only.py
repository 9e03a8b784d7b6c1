"""Which tables are append-only after all migrations have run, and that nothing of their guard is missing."""

from flask import Flask
from sqlalchemy import text

from tests.engines import ON_POSTGRESQL, ON_SQLITE
from timebank.database import in_unit_of_work, session

GUARDED = {
    "award",
    "evaluation",
    "evaluation_invitation",
    "training",
    "award_withdrawal",
    "complaint",
    "evaluation_removal",
    "evaluation_reply",
    "training_participation",
    "complaint_answer",
    "training_participation_withdrawal",
    "anomaly",
    "anomaly_decision",
    "attendance_amendment",
    "audit_note",
    "certificate",
    "certificate_entry",
    "certificate_revocation",
    "correction",
    "correction_decision",
    "donation_line",
    "donation_lot",
    "counter_lock_lift",
    "fraud_finding",
    "fraud_finding_lift",
    "attendance_client_ref",
    "free_quota_line",
    "free_quota_move",
    "goods_limit",
    "goods_price",
    "identity_consent",
    "identity_document_clash",
    "import_file",
    "import_line",
    "import_organisation",
    "late_scan",
    "late_scan_decision",
    "identity_state_change",
    "people_disclosure",
    "people_disclosure_decision",
    "people_disclosure_opening",
    "people_erasure",
    "people_erasure_end",
    "ledger_account",
    "ledger_entry",
    "ledger_seal",
    "ledger_seal_leaf",
    "ledger_transfer",
    "merchant_agreement",
    "merge_decision",
    "merge_hint",
    "merge_request",
    "merchant_intake",
    "merchant_settlement",
    "merchant_settlement_confirmation",
    "lot_recall",
    "no_show",
    "no_show_explanation",
    "no_show_lift",
    "policy_version",
    "pool_donation",
    "purpose_change",
    "printed_code",
    "qualification",
    "qualification_end",
    "receipt",
    "redemption_limit",
    "risk_acceptance",
    "record_objection",
    "record_objection_answer",
    "scan",
    "service_record",
    "service_record_revision",
    "shop_collection",
    "shop_count",
    "shop_closing",
    "shop_closing_receipts",
    "shop_closing_refund",
    "shift_change",
    "shop_refund",
    "shop_refund_line",
    "statistics_export",
    "shop_stocktake_lot",
    "shop_stocktake_posting",
    "shop_transfer",
    "shop_transfer_arrival",
    "shop_transfer_end",
    "shop_transfer_line",
    "shop_write_off",
    "shop_write_off_decision",
    "shop_write_off_line",
    "star_decision",
    "star_objection",
    "star_objection_answer",
    "star_proposal",
    "star_review",
    "stock_move",
    "surplus_consent",
    "supplement",
    "supplement_review",
}
"""ledger_account may be closed, once: its trigger lets that one change through."""


def _rows(query: str) -> list[tuple[str, ...]]:
    return in_unit_of_work(lambda: [tuple(row) for row in session.execute(text(query))], write=False)


@ON_SQLITE
def test_sqlite_guards_every_append_only_table(app: Flask) -> None:
    """Each has its triggers against UPDATE, DELETE and REPLACE by every unique key, and no hidden rowid to go by."""
    triggers = _rows("SELECT tbl_name, name FROM sqlite_master WHERE type = 'trigger'")
    unique = dict(
        _rows(
            "SELECT t.name, count(*) FROM sqlite_master t, pragma_index_list(t.name) i "
            "WHERE t.type = 'table' AND i.\"unique\" GROUP BY t.name"
        )
    )
    without_rowid = {name for (name,) in _rows("SELECT name FROM pragma_table_list WHERE wr = 1")}

    assert {table for table, _ in triggers} == GUARDED
    assert without_rowid >= GUARDED
    for table in GUARDED:
        names = {name for owner, name in triggers if owner == table}
        assert {f"{table}_no_update", f"{table}_no_delete"} <= names
        assert sum(name.endswith("_no_replace") for name in names) == unique[table]


@ON_POSTGRESQL
def test_postgresql_guards_every_append_only_table(app: Flask) -> None:
    """Each has its triggers against UPDATE, DELETE and TRUNCATE, and no session can switch them off for itself."""
    found = _rows(
        "SELECT c.relname, t.tgname, t.tgenabled::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "WHERE NOT t.tgisinternal"
    )

    assert {table for table, _, _ in found} == GUARDED
    assert {enabled for _, _, enabled in found} == {"A"}
    for table in GUARDED:
        names = {name for owner, name, _ in found if owner == table}
        assert {f"{table}_no_update", f"{table}_no_delete", f"{table}_no_truncate"} <= names


def test_the_list_is_the_one_that_the_promise_names(app: Flask) -> None:
    """Transfers, entries, record revisions, scans and stock moves are append-only, whatever else is."""
    promised = {"ledger_transfer", "ledger_entry", "service_record_revision", "scan", "stock_move"}

    assert promised <= GUARDED
