"""The application, as a table of contents: what it is made of, in the order in which it is put together."""

from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.local import LocalProxy
from werkzeug.middleware.proxy_fix import ProxyFix

from timebank import append_only, database
from timebank.activities import calendar_endpoints as calendars
from timebank.activities import endpoints as activities
from timebank.activities import group_endpoints as serving_for
from timebank.activities import qualification_endpoints as qualifications
from timebank.activities import series_endpoints as series
from timebank.activities import waiting_endpoints as waiting
from timebank.anomalies import endpoints as anomalies
from timebank.attendance import amendment_endpoints as amendments
from timebank.attendance import batch_endpoints as batches
from timebank.attendance import endpoints as attendance
from timebank.attendance import no_show_endpoints as no_shows
from timebank.attendance import overdue_endpoints as overdue
from timebank.attendance import printed_endpoints as printed
from timebank.attendance import screen_endpoints as screens
from timebank.awards import endpoints as awards
from timebank.certificates import endpoints as certificates
from timebank.certificates import verify_endpoints as verify
from timebank.certificates.holders import document_reader
from timebank.codes.book import CodeBook
from timebank.complaints import endpoints as complaints
from timebank.demo import clock as demo_clock
from timebank.demo import endpoints as demo
from timebank.documents.typefaces import Typeface, UnusableFont, typeface
from timebank.evaluations import endpoints as evaluations
from timebank.files import endpoints as files
from timebank.giving import endpoints as giving
from timebank.giving import group_endpoints as groups
from timebank.giving import pool_endpoints as pool
from timebank.identity import account_endpoints as account
from timebank.identity import consent_endpoints as consents
from timebank.identity import document_endpoints as documents
from timebank.identity import endpoints as identity
from timebank.identity.document_keys import DocumentKeys
from timebank.identity.documents import masked_document
from timebank.identity.minors import clearance
from timebank.identity.phones import follower
from timebank.identity.wechat import WechatClient
from timebank.imports import endpoints as imports
from timebank.mergers import binding_endpoints as binding
from timebank.mergers import endpoints as mergers
from timebank.notifications import endpoints as notifications
from timebank.notifications import templates
from timebank.organisations import audit_endpoints as audit
from timebank.organisations import device_endpoints as devices
from timebank.organisations import endpoints as organisations
from timebank.organisations import household_endpoints as households
from timebank.organisations import member_endpoints as members
from timebank.organisations import paper_endpoints as papers
from timebank.organisations import staff_endpoints as staff
from timebank.passbook import endpoints as passbook
from timebank.people import disclosure_endpoints as disclosures
from timebank.people import endpoints as people
from timebank.people import leaving_endpoints as leaving
from timebank.people.disclosures import approves_name
from timebank.people.profiles import phone_follows
from timebank.policies import endpoints as policies
from timebank.records import correction_endpoints as corrections
from timebank.records import endpoints as records
from timebank.records import objection_endpoints as objections
from timebank.records import supplement_endpoints as supplements
from timebank.settings import Settings, UnsafeSettings
from timebank.shop import endpoints as shop
from timebank.shop.accounts import endpoints as shop_accounts
from timebank.shop.allowance import endpoints as allowances
from timebank.shop.catalogue import endpoints as goods
from timebank.shop.counter import endpoints as counter
from timebank.shop.intake import donation_endpoints as donations
from timebank.shop.intake import endpoints as intakes
from timebank.shop.merchant import endpoints as merchants
from timebank.shop.stockkeeping import endpoints as stockkeeping
from timebank.shop.stockkeeping import stocktake_endpoints as stocktakes
from timebank.stars import endpoints as stars
from timebank.statistics import endpoints as statistics
from timebank.statistics import export_endpoints as exports
from timebank.training import endpoints as training
from timebank.web import docs, observe, problems, tokens
from timebank.web.api import PREFIX, create_api

MIGRATIONS = Path(__file__).parent.parent / "migrations"
MAX_BODY_BYTES = 1 << 20

DOMAINS = (
    identity,
    account,
    consents,
    documents,
    organisations,
    devices,
    members,
    papers,
    households,
    staff,
    audit,
    files,
    policies,
    notifications,
    activities,
    serving_for,
    waiting,
    qualifications,
    series,
    calendars,
    amendments,
    attendance,
    batches,
    overdue,
    no_shows,
    printed,
    screens,
    records,
    corrections,
    supplements,
    objections,
    giving,
    pool,
    groups,
    shop,
    merchants,
    allowances,
    goods,
    intakes,
    donations,
    stockkeeping,
    stocktakes,
    shop_accounts,
    counter,
    certificates,
    verify,
    stars,
    training,
    awards,
    evaluations,
    complaints,
    anomalies,
    binding,
    mergers,
    passbook,
    imports,
    statistics,
    exports,
    people,
    disclosures,
    leaving,
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the WSGI application for ``settings`` (default: from the environment).

    Raises UnsafeSettings before anything is opened if the settings are not safe to run with.
    """
    settings = settings or Settings.from_environment()
    settings.refuse_unsafe()
    app = Flask("timebank", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.extensions["timebank-settings"] = settings
    app.extensions["timebank-typeface"] = _typeface(settings)
    app.extensions["timebank-codes"] = CodeBook(settings.keys("codes"))
    app.extensions["timebank-documents"] = DocumentKeys.of(settings)
    app.extensions["timebank-wechat"] = WechatClient(settings)
    app.extensions["timebank-templates"] = templates.read(settings.wechat_templates)
    app.extensions["timebank-migration-head"] = observe.migration_head(MIGRATIONS)
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies)  # type: ignore[method-assign]

    document_reader(masked_document)
    clearance(approves_name)
    follower(phone_follows)

    observe.set_up_logging()
    database.init_app(app, settings)
    with app.app_context():
        append_only.authorize(database.db.engine, database.db.metadata)
    app.extensions["migrate"] = LocalProxy(partial(_migrate, app))
    tokens.init_app(app, settings)
    problems.init_app(app)
    observe.init_app(app)

    api = create_api(app)
    app.extensions["timebank-api"] = api
    for domain in DOMAINS:
        api.register_blueprint(domain.blueprint, url_prefix=PREFIX)
    if settings.is_demo:
        demo_clock.init_app(app)
        api.register_blueprint(demo.blueprint, url_prefix=PREFIX)
    app.register_blueprint(docs.pages)
    return app


def _typeface(settings: Settings) -> Typeface:
    """Return what PDF files are printed in; ours is read when one is written, an operator's now. Raises UnsafeSettings."""
    face = typeface(settings.font_path)
    try:
        if settings.font_path:
            face.load()
    except UnusableFont as error:
        raise UnsafeSettings(f"TIMEBANK_FONT_PATH: no TrueType font that can be embedded ({error})") from error
    return face


def _migrate(app: Flask) -> Any:
    """Return what Flask-Migrate keeps in an application, and put it there: who migrates loads alembic, who serves does not."""
    from flask_migrate import Migrate

    Migrate(app, database.db, directory=str(MIGRATIONS), compare_type=True)
    return app.extensions["migrate"]
