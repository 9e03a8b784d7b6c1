"""The table of expiry runs."""

from datetime import date, datetime

from sqlalchemy.orm import Mapped, mapped_column

from timebank.database import Base


class ExpiryRun(Base):
    """A day on which all minutes that were due had expired by ``finished_at``: that day needs no further look.

    What expired, and from whom, stands in the ledger.
    """

    __tablename__ = "expiry_run"

    run_on: Mapped[date] = mapped_column(primary_key=True)
    cut_off_on: Mapped[date]
    finished_at: Mapped[datetime]
