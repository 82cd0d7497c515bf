"""Who somebody is among the officers: asked wherever nobody may decide about their own."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from profiles.models import Officer

NUMBERS = ["pk", "merged_into", "national_id", "bank_account__number", "bank_account__bank"]


def accounts_of(by: User) -> set[int]:
    """The officers who are this person: by account, or paid to the number that signs in; and, of
    those, by a merger, the same ID number (but for noughts in front) or the same bank account.

    Two statements at most, in which each is found by its own index: joined by an "or" they would
    be looked for row by row. No two accounts sign in with one number, so that need not be asked.
    """
    begin = [Officer.objects.filter(user=by)]
    if by.phone:
        begin.append(Officer.objects.filter(payee_phone=by.phone))
    known = list(_together(NUMBERS, begin))
    if not known:
        return set()
    found = {pk for row in known for pk in row[:2] if pk}
    return found | {pk for (pk,) in _together(["pk"], _same(known))}


def _same(known: list[Any]) -> Iterator[QuerySet[Officer]]:
    yield Officer.objects.filter(merged_into__in=[pk for pk, *_numbers in known])
    for _pk, _into, national_id, account, bank in known:
        if national_id:
            yield Officer.objects.filter(national_id__in=numbers_alike(national_id))
        if account:
            yield Officer.objects.filter(bank_account__number=account, bank_account__bank=bank)


def _together(names: list[str], found: Iterable[QuerySet[Officer]]) -> Any:
    first, *others = (rows.order_by().values_list(*names) for rows in found)
    return first.union(*others)


def numbers_alike(national_id: str) -> set[str]:
    """An ID number with as few or as many noughts in front as people write."""
    bare = national_id.lstrip("0")
    return {bare.zfill(length) for length in range(6, 10)}
