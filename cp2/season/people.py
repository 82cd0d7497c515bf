"""Who of the sample people can sign in, and with what. No password is kept: each is made again
from the seed, and shown only while it still fits."""

from base64 import b32encode
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth.hashers import check_password
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Entry, User
from accounts.services import record
from catalogue.models import DutyStation, Exam, Level, Office, StationKind, SubCounty
from claims.models import Claim, ClaimStatus
from cp2.season import draws
from cp2.season.places import HEADQUARTERS, director_name
from deployments.models import Deployment, DeploymentStatus
from profiles.models import Officer, Vetting

MADE = "season.made"


@dataclass(frozen=True)
class Person:
    role: str
    username: str
    password: str
    totp_secret: str  # empty for those who need no one-time code
    scope: str


def people() -> Iterator[Person]:
    """Those whom the season named when it was made, but for those who changed something since."""
    made = Entry.objects.filter(verb=MADE).order_by("-pk").first()
    if made is None:
        return
    seed = made.details["seed"]
    named = made.details["people"]
    users = User.objects.filter(is_active=True).in_bulk(
        [row["username"] for row in named], field_name="username"
    )
    keys = dict(TOTPDevice.objects.filter(confirmed=True).values_list("user", "key"))
    fits = cache(check_password)  # all of a kind share a hash
    for row in named:
        user = users.get(row["username"])
        if user is None or not fits(draws.password(seed, user.role), user.password):
            continue
        key = draws.code_key(seed, user.username)
        if user.has_power and keys.get(user.pk) != key:
            continue
        yield Person(
            role=row["role"],
            username=user.username,
            password=draws.password(seed, user.role),
            totp_secret=b32encode(bytes.fromhex(key)).decode() if user.has_power else "",
            scope=row["scope"],
        )


def phones() -> list[tuple[str, str]]:
    """The numbers of those who can sign in, each with who it is."""
    who = {person.username: f"{person.role}, {person.scope}" for person in people()}
    numbers = User.objects.filter(username__in=who, phone__isnull=False).order_by("pk")
    return [(user.phone or "", who[user.username]) for user in numbers]


# Named when the season is made


def remember(seed: int, scale: str, exam: Exam, first: SubCounty) -> None:
    """The seed and the user names, in the audit trail."""
    rows = [*_officers(first), *_centres(first), *_directors(first), *_headquarters()]
    named = [{"role": role, "username": username, "scope": scope} for role, username, scope in rows]
    record(MADE, exam, by=None, seed=seed, scale=scale, people=named)


Row = tuple[str, str, str]


def _officers(place: SubCounty) -> Iterator[Row]:
    here: dict[str, Any] = {"post__station__sub_county": place}
    of = Deployment.objects.with_place().select_related("officer__user")
    offer = of.filter(status=DeploymentStatus.OFFERED, **here).order_by("post__station", "pk")
    for each in offer.filter(post__position__code="INV", post__exam__abbreviation="KCSE")[:1]:
        yield "officer", each.officer.user.username, f"{each.post.station.name}: an offer to accept"
    if not Deployment.objects.exists():
        complete = Officer.objects.submitted().filter(sub_county=place, vetting=Vetting.VETTED)
        for officer in complete.filter(applications=None).select_related("user").order_by("pk")[:1]:
            yield "officer", officer.user.username, "a complete profile, and no application yet"
    fresh = Officer.objects.filter(full_name="").select_related("user").order_by("pk").first()
    if fresh:
        yield "officer", fresh.user.username, "just registered, nothing filled in"
    paid = Claim.objects.filter(status=ClaimStatus.PAID).select_related("officer__user", "exam")
    for claim in paid.order_by("officer")[:1]:
        yield "officer", claim.officer.user.username, f"served in {claim.exam.short} and was paid"


def _centres(place: SubCounty) -> Iterator[Row]:
    schools = DutyStation.objects.filter(
        kind=StationKind.EXAMINATION_CENTRE, level=Level.SECONDARY, sub_county=place
    ).order_by("pk")[:2]
    todo = ("its distance to give", "today's register to mark")
    for school, what in zip(schools, todo, strict=False):
        yield "centre", f"KCSE{school.code}", f"{school.name}: {what}"


def _directors(place: SubCounty) -> Iterator[Row]:
    for office, role in ((Office.TSC, "TSC director"), (Office.SCDE, "SCDE director")):
        yield role, director_name(place, office), f"{place}, {place.county}"


def _headquarters() -> Iterator[Row]:
    for username, group in HEADQUARTERS.items():
        yield "headquarters", username, group
