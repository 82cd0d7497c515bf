"""Officers whom headquarters knows by name: their accounts are opened as they would open them
themselves, and wait for them. Nothing that an officer typed is written over."""

from dataclasses import dataclass

from django.db import connection, models
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.services import record_all, tell_each
from cp2.rules import Role
from cp2.transfers.kinds import cells
from cp2.transfers.kinds.base import BLOCK, STAGE, Column, Fault, Kind, Reading, Sets
from cp2.transfers.kinds.places import FIND_COUNTY, FIND_SUB_COUNTY, NO_COUNTY, NO_SUB_COUNTY
from profiles import checks
from profiles.fields import NameField, NationalIdField, TscNumberField, YearOfBirthField
from profiles.models import Gender, Officer
from sms.phones import mobile

MISSING = {"required": _("this is missing.")}


class Language(models.TextChoices):
    ENGLISH = "en", "English"
    KISWAHILI = "sw", "Kiswahili"


def _language(typed: str) -> str:
    return cells.one_of(Language)(typed) or str(Language.ENGLISH)


@dataclass(frozen=True)
class Officers(Kind):
    def apply(self, reading: Reading, *, by: User) -> dict[str, int]:
        """Accounts first. What is there already stays as it is."""
        of = reading.of
        unusable = "'!' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '')"
        account = {
            "username": "i.phone",
            "phone": "i.phone",
            "role": f"'{Role.OFFICER}'",
            "password": unusable,  # as of everybody who has none yet
            "language": "i.language" if "language" in reading.names else "'en'",
        }
        users = self.insert(User, account, {})
        with connection.cursor() as cursor:
            cursor.execute(FIND_ACCOUNT)
        officer = {c: s.will_be for c, s in self._written(reading.names).items()}
        officers = self.insert(Officer, {"user_id": "i.user_id", **officer}, {})
        told = {"import": of.pk}
        record_all("account.opened", User, users, by=by, **told)
        record_all("officer.registered", Officer, officers, by=by, **told)
        for start in range(0, len(officers), BLOCK):
            checks.refresh(*(Officer(pk=pk) for pk in officers[start : start + BLOCK]))
        if of.tells:
            self._tell(users)
        return {"new": len(officers), "changed": 0}

    def _differs(self, names: object) -> str:
        return "false"

    def _tell(self, users: list[int]) -> None:
        """How to get a password, which is made when they ask for it: one that was texted to all
        of them at once would be a day old before most had read it."""
        for start in range(0, len(users), BLOCK):
            some = User.objects.filter(pk__in=users[start : start + BLOCK])
            tell_each("transfers/registered", [(user, None, {}) for user in some])


FIND_ACCOUNT = f"""
UPDATE {STAGE} i SET user_id = u.id FROM accounts_user u WHERE u.username = i.phone
"""
TAKEN = """
SELECT i.line, i.{column} FROM {stage} i JOIN profiles_officer o ON o.{column} = i.{column}
JOIN accounts_user u ON u.id = o.user_id WHERE u.username <> i.phone
"""

OFFICERS = Officers(
    model=Officer,
    permissions=["profiles.add_officer"],
    columns=[
        Column("phone", mobile, "0712 345 678", needed=True, also=("phone_number", "mobile")),
        Column(
            "national_id",
            NationalIdField(error_messages=MISSING).clean,
            "12345678",
            needed=True,
            also=("id_number", "id_no"),
        ),
        Column(
            "full_name",
            NameField(error_messages=MISSING).clean,
            "Wanjikũ Ng'ang'a",
            needed=True,
            also=("name",),
        ),
        Column(
            "tsc_number",
            cells.or_none(TscNumberField(required=False).clean),
            "345678",
            also=("tsc_no",),
        ),
        Column("year_of_birth", YearOfBirthField(required=False).clean, "1985", "integer"),
        Column("gender", cells.one_of(Gender), Gender.values[0]),
        Column("county", cells.words(40), "Kisii"),
        Column("sub_county", cells.words(60), "Bonchari", also=("subcounty",)),
        Column("language", _language, "en"),
    ],
    extra={"county_id": "bigint", "sub_county_id": "bigint", "user_id": "bigint"},
    resolve=[FIND_COUNTY, FIND_SUB_COUNTY, FIND_ACCOUNT],
    unique=[("phone",), ("national_id",), ("tsc_number",)],
    key="t.user_id = i.user_id",
    name="i.full_name",
    sets={
        "national_id": Sets("national_id", "i.national_id"),
        "full_name": Sets("full_name", "i.full_name"),
        "tsc_number": Sets("tsc_number", "i.tsc_number"),
        "year_of_birth": Sets("year_of_birth", "i.year_of_birth"),
        "gender": Sets("gender", "i.gender"),
        "sub_county_id": Sets("sub_county", "i.sub_county_id"),
    },
    faults=[
        NO_COUNTY,
        NO_SUB_COUNTY,
        Fault(
            _("The number %(said)s has an account with another ID number, or with none yet."),
            f"SELECT i.line, i.phone FROM {STAGE} i "
            "JOIN accounts_user u ON u.username = i.phone OR u.phone = i.phone "
            "LEFT JOIN profiles_officer o ON o.user_id = u.id "
            "WHERE o.national_id IS DISTINCT FROM i.national_id",
        ),
        Fault(
            _("The ID number %(said)s has an account with another phone number."),
            TAKEN.format(stage=STAGE, column="national_id"),
        ),
        Fault(
            _("The TSC number %(said)s has an account with another phone number."),
            TAKEN.format(stage=STAGE, column="tsc_number"),
        ),
    ],
    verb="officer",
    may_tell=True,
    help=_(
        "Accounts are opened for those who have none. Who has one already keeps what they typed, "
        "and counts as unchanged."
    ),
)
