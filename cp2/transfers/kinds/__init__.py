"""What can be imported, and by whom. Each kind says in a module of its own what its file holds."""

from accounts.models import User
from cp2.transfers.kinds.base import Kind
from cp2.transfers.kinds.entries import ENTRIES
from cp2.transfers.kinds.officers import OFFICERS
from cp2.transfers.kinds.places import STATIONS, SUB_COUNTIES
from cp2.transfers.kinds.terms import TERMS
from cp2.transfers.models import ImportKind

__all__ = ["KINDS", "Kind", "kinds_of"]

KINDS: dict[str, Kind] = {
    ImportKind.SUB_COUNTIES: SUB_COUNTIES,
    ImportKind.STATIONS: STATIONS,
    ImportKind.ENTRIES: ENTRIES,
    ImportKind.TERMS: TERMS,
    ImportKind.OFFICERS: OFFICERS,
}


def kinds_of(user: User) -> list[str]:
    """Of those whose rows they may add and change by hand."""
    return [name for name, kind in KINDS.items() if user.has_perms(kind.permissions)]
