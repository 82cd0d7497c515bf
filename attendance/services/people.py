"""What a centre says of itself."""

from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.services import record
from catalogue.models import CentreEntry
from cp2.rules import lock


@transaction.atomic
def name_person(account: User, *, acting_name: str) -> None:
    """Somebody sits down at the shared account. From now on its entries carry this name."""
    record("person.named", account, by=account, acting_name=acting_name)


@transaction.atomic
def give_distance(
    entry: CentreEntry, *, distance_km: Decimal, by: User, acting_name: str = ""
) -> CentreEntry:
    """How far the papers travel. The portal opens a centre's other pages only after this."""
    entry = lock(entry)
    was = entry.distance_km
    if distance_km == was:
        return entry
    entry.distance_km, entry.distance_given_at = distance_km, timezone.now()
    entry.save(update_fields=["distance_km", "distance_given_at"])
    record(
        "distance.given",
        entry,
        by=by,
        acting_name=acting_name,
        was=None if was is None else str(was),
        now=str(distance_km),
    )
    return entry


@transaction.atomic
def note_list_taken(entry: CentreEntry, *, file: str, by: User, acting_name: str = "") -> None:
    """A list with people's ID numbers left the portal."""
    record("list.taken", entry, by=by, acting_name=acting_name, file=file)
