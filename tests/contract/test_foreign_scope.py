"""What lies in another organisation does not exist: every route with an id of it, called by staff from elsewhere."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.contract.bodies import body_for
from tests.contract.test_access import MARKS, PARAMETER, routes_of, table
from tests.factories.activities import an_activity, an_open_shift
from tests.factories.allowances import a_household
from tests.factories.anomalies import an_anomaly
from tests.factories.attendance import checked_in
from tests.factories.corrections import a_correction
from tests.factories.devices import a_device
from tests.factories.identity import a_coordinator, a_person, a_staff_member, signed_in
from tests.factories.merchants import a_merchant
from tests.factories.organisations import a_shop, an_organisation
from tests.factories.records import a_pending_record, a_record
from tests.factories.shop import a_lot, a_member, reserved, some_goods
from tests.factories.staff import a_staff_account
from tests.factories.stockkeeping import a_stocktake, a_write_off, sent
from tests.factories.supplements import a_past_shift, a_supplement
from timebank.database import in_unit_of_work, new_id
from timebank.identity.rules import Grant, Role
from timebank.organisations import members

NOT_MADE_HERE = {
    "application_id", "certificate", "closing_id", "donation_id", "entitlement_id", "export_id", "finding_id", "grant_id",
    "guardian_id", "late_scan_id", "link_id", "number", "objection_id", "proxy_id", "qualification_id", "relation_id",
    "session_id", "settlement_id", "sign_up_id", "star_id",
}  # fmt: skip
"""Ids of things whose own tests ask for them from another organisation; all others are asked for here."""

OF_EVERYBODY = {
    "PUT /goods/<goods_id>": "the catalogue is the bank's",
    "PUT /goods/<goods_id>/limits": "the catalogue is the bank's",
    "POST /goods/<goods_id>/prices": "the catalogue is the bank's",
    "POST /people/<volunteer_id>/card": "anybody without a phone may be given a card wherever they come",
}

QUERIES = {"movements": "?month=2026-09"}


def _home() -> dict[str, Any]:
    """Make one of each thing in one organisation; return their ids by the names that paths and bodies give them."""
    organisation = an_organisation()
    where = organisation.id
    shop, other = a_shop(organisation_id=where), a_shop(organisation_id=where)
    goods = some_goods()
    lot = a_lot(goods.id, shop.id, 20)
    person, record = a_member(600), a_pending_record(organisation=organisation)
    shift = an_open_shift(activity_id=an_activity(organisation_id=where).id)
    asked = in_unit_of_work(lambda: members.ask(person_id=person.id, organisation_id=where).id)
    final = a_record(organisation=organisation)
    return {
        "organisation_id": where,
        "site_id": shop.id,
        "to_site_id": other.id,
        "goods_id": goods.id,
        "lot_id": lot.id,
        "activity_id": shift.activity_id,
        "device_id": a_device(shop).device.id,
        "person_id": a_staff_account("zhou", Grant(Role.COUNTER, organisation_id=where)).id,
        "member_id": asked,
        "volunteer_no": person.volunteer_no,
        "redemption_id": reserved(person.id, shop.id, (goods.id, 1)).redemption.id,
        "household_id": a_household(person, a_person(), organisation_id=where).id,
        "merchant_id": a_merchant(where).id,
        "write_off_id": a_write_off(shop, (lot.id, 1)).id,
        "transfer_id": sent(shop, other, (lot.id, 1)).id,
        "stocktake_id": a_stocktake(shop).id,
        "supplement_id": a_supplement(a_past_shift(organisation_id=where)).id,
        "attendance_id": checked_in(person.id, shift).attendance.id,
        "record_id": record.record_id,
        "correction_id": a_correction(a_coordinator(where), final.record_id, 60).id,
        "anomaly_id": an_anomaly(organisation).id,
        "month": "2026-09",
        "guardian_name": "周大妈",
        "checked_out_at": "2026-11-02T01:00:00Z",
        # What the same word names elsewhere:
        "/people member_id": person.id,
        "/people person_id": record.volunteer_id,
        "/households member_id": person.id,
    }


def _asked(app: Flask) -> list[tuple[str, str, str, Any]]:
    """Return name, method, rule and view of each route for staff whose path names a thing that is made here."""
    found = []
    for rule in app.url_map.iter_rules():
        for name, method, _ in routes_of(app, rule):
            view: Any = app.view_functions[rule.endpoint]
            view = getattr(view.view_class, method.lower()) if hasattr(view, "view_class") else view
            if (
                hasattr(view.guard, "roles")
                and rule.arguments
                and not rule.arguments & NOT_MADE_HERE
                and name not in OF_EVERYBODY
            ):
                found.append((name, method, rule.rule, view))
    return found


def test_what_lies_elsewhere_does_not_exist(app: Flask, client: FlaskClient) -> None:
    """404 for every role that the table lets in, with a body that would do; and not 404 for its own organisation."""
    home, elsewhere, rows = _home(), an_organisation().id, table()
    named = {name: str(value) for name, value in home.items()}
    wrong = sorted(f"make one, or name it in NOT_MADE_HERE: {name}" for name in _unknown(app, named))
    assert not wrong, "\n".join(wrong)
    for own in (False, True):
        where = home["organisation_id"] if own else elsewhere
        staff = {mark: a_staff_member(role, organisation_id=where) for mark, role in MARKS.items() if mark != "V"}
        for name, method, rule, view in _asked(app):
            may = rows[name].replace(".", "").split()
            for mark in may[-1:] if own else may:
                headers = signed_in(staff[mark]) | {"Idempotency-Key": str(new_id())}
                body = body_for(view, named)
                answer = client.open(_path(rule, named), method=method, json=body, headers=headers, buffered=True)
                code = (answer.get_json(silent=True) or {}).get("code")
                if (code in {"NOT_FOUND", "FORBIDDEN"}) if own else (code != "NOT_FOUND"):
                    wrong.append(f"{name}: {mark} {'at home' if own else 'from elsewhere'} is told {answer.text[:500]}")

    assert not wrong, "\n".join(wrong)


def _unknown(app: Flask, named: dict[str, str]) -> set[str]:
    return {argument for _, _, rule, _ in _asked(app) for argument in PARAMETER.findall(rule)} - named.keys()


def _path(rule: str, named: dict[str, str]) -> str:
    """Return the address of the things that are made here; an id means what the first word of the path says."""
    first = f"/{rule.split('/')[3]} "
    path = PARAMETER.sub(lambda found: named.get(first + found[1]) or named[found[1]], rule)
    return path + QUERIES.get(rule.rpartition("/")[2], "")
