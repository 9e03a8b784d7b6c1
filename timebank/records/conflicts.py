"""Who may not decide: nobody on their own service, and nobody on a relative's (民政部令第67号 asks for true records)."""

from uuid import UUID

from timebank.identity.family import relatives_of
from timebank.records.errors import OwnRecord, RelativesRecord

__all__ = ["refuse_interested"]


def refuse_interested(person_id: UUID, *, subject_id: UUID) -> None:
    """Raise OwnRecord or RelativesRecord if somebody who would decide has an interest in the subject's service (R08)."""
    if person_id == subject_id:
        raise OwnRecord
    if person_id in relatives_of(subject_id):
        raise RelativesRecord
