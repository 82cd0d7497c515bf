"""Rows for tests, each as plain as its constraints allow; name only what the test is about."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes
from accounts.models import User
from attendance.models import Mark, MarkStatus, Register, RegisterCopy
from catalogue.models import (
    Activity,
    Bank,
    BankBranch,
    CentreEntry,
    County,
    DayKind,
    DutyStation,
    Exam,
    ExamDay,
    Level,
    MarkingEntry,
    Office,
    Position,
    PositionTerms,
    StationKind,
    SubCounty,
)
from claims.models import Claim, ClaimLine
from cp2.limits.models import SLOTS, Bucket
from cp2.rules import Role
from deployments.models import Deployment, DeploymentStatus, Post, Waiver
from profiles.models import (
    BankAccount,
    Employer,
    ExaminerTraining,
    Interest,
    Nature,
    NextOfKin,
    NumberChange,
    Officer,
    Qualification,
    RegisterCheck,
    RegisterEntry,
    Vetting,
    WorkExperience,
)
from vacancies.models import Application, ApplicationStatus, Vacancy
from vacancies.rules import Rule

PASSWORD = "chosen-Pass-42"
HASHED = make_password(PASSWORD)

_numbers = count(1)


def number() -> int:
    return next(_numbers)


def today() -> Any:
    return timezone.localdate()


# Places and exams


def sub_county(name: str = "", county: str = "Kisii") -> SubCounty:
    of = County.objects.filter(name=county).first() or County.objects.create(
        code=47 - number() % 47, name=county
    )
    return SubCounty.objects.get_or_create(county=of, name=name or f"Sub-county {number()}")[0]


def station(**fields: Any) -> DutyStation:
    fields.setdefault("sub_county", None)
    fields["sub_county"] = fields["sub_county"] or sub_county()
    n = number()
    defaults = {
        "kind": StationKind.EXAMINATION_CENTRE,
        "code": f"{10_000_000 + n}",
        "name": f"Tumaini {n} Secondary School",
        "level": Level.SECONDARY,
        "location": "Along the main road",
    }
    return DutyStation.objects.create(**{**defaults, **fields})


def exam(**fields: Any) -> Exam:
    """In progress: it began last week and goes on for two."""
    n = number()
    defaults = {
        "year": 2025,
        "code": n % 30_000 + 1,  # a small number, however many a long run makes
        "abbreviation": "KCSE",
        "name": "Kenya Certificate of Secondary Education",
        "rehearsal_on": today() - timedelta(days=7),
        "starts_on": today() - timedelta(days=6),
        "ends_on": today() + timedelta(days=14),
    }
    made = Exam.objects.create(**{**defaults, **fields})
    day = made.rehearsal_on
    while day <= made.ends_on:
        kind = DayKind.REHEARSAL if day == made.rehearsal_on else DayKind.THEORY
        ExamDay.objects.create(exam=made, day=day, kind=kind)
        day += timedelta(days=1)
    return made


def position(code: str = "INV") -> Position:
    names = {
        "CM": "Centre Manager",
        "SUP": "Supervisor",
        "INV": "Invigilator",
        "SEC": "Security Officer",
    }
    return Position.objects.get_or_create(
        code=code,
        defaults={
            "name": names.get(code, code),
            "rank": 100 + number() % 30_000,
            "deployed_by": Office.SCDE if code == "SEC" else Office.TSC,
        },
    )[0]


def terms(exam: Exam, position: Position, **fields: Any) -> PositionTerms:
    defaults = {
        "candidates_per_officer": 20,
        "minimum_per_centre": 1,
        "paid_days": [DayKind.REHEARSAL, DayKind.PRACTICAL, DayKind.THEORY],
        "daily_rate": Decimal("550.00"),
    }
    return PositionTerms.objects.update_or_create(
        exam=exam, position=position, defaults={**defaults, **fields}
    )[0]


def entry(**fields: Any) -> CentreEntry:
    fields["station"] = fields.get("station") or station()
    fields["exam"] = fields.get("exam") or exam()
    return CentreEntry.objects.create(**{"candidates": 60, **fields})


def marking_entry(**fields: Any) -> MarkingEntry:
    fields["station"] = fields.get("station") or station(kind=StationKind.MARKING_CENTRE)
    fields["exam"] = fields.get("exam") or exam()
    fields["position"] = fields.get("position") or position("EXM-1")
    return MarkingEntry.objects.create(**{"officers": 3, **fields})


# People


def user(role: Role = Role.STAFF, **fields: Any) -> User:
    n = number()
    defaults: dict[str, Any] = {"username": f"user{n}", "password": HASHED, "role": role}
    return User.objects.create(**{**defaults, **fields})


def phone() -> str:
    return f"2547{number():08d}"


def officer(**fields: Any) -> Officer:
    """A complete, submitted, vetted officer; `user=`, `phone=` and any field may be named."""
    number_ = fields.pop("phone", None) or phone()
    account = fields.pop("user", None) or user(Role.OFFICER, username=number_, phone=number_)
    n = number()
    defaults: dict[str, Any] = {
        "full_name": f"Wanjikũ Ng'ang'a {n}",
        "year_of_birth": 1985,
        "gender": "female",
        "national_id": f"{20_000_000 + n}",
        "kra_pin": f"A{n:09d}Z",
        "tsc_number": f"{400_000 + n}",
        "payee_name": f"WANJIKU NGANGA {n}",
        "payee_phone": number_,
        "submitted_at": timezone.now(),
        "vetting": Vetting.VETTED,
    }
    defaults["sub_county"] = fields.pop("sub_county", None) or sub_county()
    return Officer.objects.create(user=account, **{**defaults, **fields})


def number_change(officer: Officer, **fields: Any) -> NumberChange:
    """Of a lost number, proven by its code, before whoever decides."""
    defaults: dict[str, Any] = {
        "road": "lost",
        "status": "proven",
        "old_phone": officer.phone,
        "new_phone": phone(),
        "why": "Phone stolen",
        "proven_at": timezone.now(),
    }
    return NumberChange.objects.create(officer=officer, **{**defaults, **fields})


def bare_officer(**fields: Any) -> Officer:
    """Just registered: nothing filled in."""
    number_ = fields.pop("phone", None) or phone()
    account = user(Role.OFFICER, username=number_, phone=number_)
    return Officer.objects.create(user=account, **fields)


def work(officer: Officer, **fields: Any) -> WorkExperience:
    defaults = {
        "employer": Employer.TSC,
        "institution": "Mwangaza Primary School",
        "level": Level.SECONDARY,
        "designation": "Teacher",
        "sub_county": officer.sub_county or sub_county(),
        "starts_on": today() - timedelta(days=365 * 6),
    }
    return WorkExperience.objects.create(officer=officer, **{**defaults, **fields})


def qualification(officer: Officer, **fields: Any) -> Qualification:
    defaults = {
        "level": "diploma",
        "institution": "Uhuru Hill Teachers College",
        "course": "Education (Arts)",
        "starts_on": today().replace(year=2005, day=1),
        "ends_on": today().replace(year=2008, day=1),
    }
    return Qualification.objects.create(officer=officer, **{**defaults, **fields})


def training(officer: Officer, paper: str = "101/1", **fields: Any) -> ExaminerTraining:
    row = ExaminerTraining.objects.create(
        officer=officer, paper=paper, **{"year": 2020, "certificate_number": "T-1", **fields}
    )
    officer.trained_in = [*officer.trained_in, paper]
    officer.save(update_fields=["trained_in"])
    return row


def interest(officer: Officer, **fields: Any) -> Interest:
    """Declared by the officer."""
    fields["station"] = fields.get("station") or station()
    return Interest.objects.create(officer=officer, **{"nature": Nature.WORKS_THERE, **fields})


def waiver(officer: Officer, exam: Exam, rule: Rule = Rule.COOLING_OFF, **fields: Any) -> Waiver:
    fields.setdefault("granted_by", None)
    fields["granted_by"] = fields["granted_by"] or user(name="Nekesa of Deployment")
    return Waiver.objects.create(
        officer=officer, exam=exam, rule=rule, **{"reason": "Nobody else is near", **fields}
    )


def branch() -> BankBranch:
    bank, _ = Bank.objects.get_or_create(code="68", defaults={"name": "Equity Bank"})
    return BankBranch.objects.get_or_create(
        bank=bank, code="000", defaults={"name": "Head Office"}
    )[0]


def bank_account(officer: Officer) -> BankAccount:
    of = branch()
    return BankAccount.objects.create(
        officer=officer, bank=of.bank, branch=of, number="0012345678901"
    )


def next_of_kin(officer: Officer) -> NextOfKin:
    return NextOfKin.objects.create(
        officer=officer, full_name="Atieno Ochieng", phone=phone(), relationship="Sister"
    )


def register_entry(**fields: Any) -> RegisterEntry:
    defaults = {"register": "tsc", "number": f"{700_000 + number()}", "name": "Baraka Wanyama"}
    return RegisterEntry.objects.create(**{**defaults, **fields})


def register_check(officer: Officer, **fields: Any) -> RegisterCheck:
    """Another name in the TSC register."""
    defaults = {"register": "tsc", "outcome": "mismatch", "fields": ["full_name"], "seen": "x"}
    return RegisterCheck.objects.create(officer=officer, **{**defaults, **fields})


def director(sub_county: SubCounty, office: Office = Office.TSC, **fields: Any) -> User:
    return user(
        Role.DIRECTOR,
        **{"sub_county": sub_county, "office": office, "name": "Akinyi Director", **fields},
    )


def centre(station: DutyStation, **fields: Any) -> User:
    """A centre's account for an exam: the newest that it takes part in, unless one is named."""
    newest = Exam.objects.order_by("-ends_on", "-pk")
    taking_part = newest.filter(Q(entries__station=station) | Q(posts__station=station))
    of = fields.pop("exam", None) or taking_part.first() or exam()
    defaults = {"username": f"{of.abbreviation}{station.code}", "station": station, "exam": of}
    return user(Role.CENTRE, **{**defaults, **fields})


# What they do


def vacancy(**fields: Any) -> Vacancy:
    defaults: dict[str, Any] = {
        "activity": Activity.objects.get_or_create(name="Supervision & Invigilation of exams")[0],
        "station_kind": StationKind.EXAMINATION_CENTRE,
        "places": 83,
        "opens_at": timezone.now() - timedelta(days=1),
        "closes_at": timezone.now() + timedelta(days=10),
    }
    for name, maker in {"exam": exam, "position": position, "sub_county": sub_county}.items():
        if name not in fields:
            defaults[name] = maker()
    return Vacancy.objects.create(**{**defaults, **fields})


def application(
    status: ApplicationStatus = ApplicationStatus.SUBMITTED, **fields: Any
) -> Application:
    fields["vacancy"] = fields.get("vacancy") or vacancy()
    fields["officer"] = fields.get("officer") or officer()
    if status == ApplicationStatus.UNSUCCESSFUL:
        fields.setdefault("reason", "All places are filled")
    return Application.objects.create(
        exam=fields["vacancy"].exam, status=status, reference=f"T{number():07d}", **fields
    )


def post(**fields: Any) -> Post:
    fields["exam"] = fields.get("exam") or exam()
    fields["station"] = fields.get("station") or station()
    fields["position"] = fields.get("position") or position()
    return Post.objects.create(**{"required": 3, **fields})


def deployment(status: DeploymentStatus = DeploymentStatus.ACCEPTED, **fields: Any) -> Deployment:
    """Over the whole exam of its post, in slot 1 unless another is named."""
    fields["post"] = fields.get("post") or post()
    fields["officer"] = fields.get("officer") or officer()
    of: Exam = fields["post"].exam
    defaults: dict[str, Any] = {
        "slot": 1,
        "starts_on": of.rehearsal_on,
        "ends_on": of.ends_on,
        "respond_by": timezone.now() + timedelta(days=3),
        "status": status,
    }
    if status == DeploymentStatus.REJECTED:
        defaults["reason"] = "I am unwell"
    return Deployment.objects.create(**{**defaults, **fields})


def mark(deployment: Deployment, day: Any = None, status: MarkStatus = MarkStatus.PRESENT) -> Mark:
    return Mark.objects.create(
        deployment=deployment,
        officer=deployment.officer,
        day=day or today(),
        status=status,
        marked_by=user(),
        acting_name="Barasa Wafula",
    )


def register(entry: CentreEntry, day: Any = None, **fields: Any) -> Register:
    return Register.objects.create(entry=entry, day=day or today(), **fields)


def register_copy(entry: CentreEntry, **fields: Any) -> RegisterCopy:
    """Marked without a network, and taken as it arrived."""
    defaults: dict[str, Any] = {
        "day": today(),
        "client_id": uuid4(),
        "device": uuid4(),
        "status": "taken",
        "acting_name": "Barasa Wafula",
        "marked_at": timezone.now(),
        "received_at": timezone.now(),
        "marks": {},
    }
    given = {**defaults, **fields}
    given.setdefault("sent_by", user())
    return RegisterCopy.objects.create(entry=entry, **given)


def claim(**fields: Any) -> Claim:
    """Prepared, of two days at 550 shillings, with its line."""
    deployment_ = fields.pop("deployment", None) or deployment()
    defaults: dict[str, Any] = {
        "officer": deployment_.officer,
        "exam": deployment_.post.exam,
        "days": 2,
        "gross": Decimal(1100),
        "tax": Decimal(0),
        "net": Decimal(1100),
    }
    made = Claim.objects.create(**{**defaults, **fields})
    ClaimLine.objects.create(
        claim=made, deployment=deployment_, quantity=2, rate=Decimal(550), amount=Decimal(1100)
    )
    return made


def time_passes(**delta: float) -> None:
    """For all limits: they go by the database's clock, so their uses are moved back instead."""
    seconds = timedelta(**delta).total_seconds()
    for bucket in Bucket.objects.select_related("limit"):
        bucket.slot -= int(seconds * SLOTS / bucket.limit.seconds)
        bucket.save(update_fields=["slot"])


def moment(text: str) -> datetime:
    """`2025-11-03 07:30` in Nairobi."""
    return timezone.make_aware(datetime.fromisoformat(text))


def sign_in(client: Any, user: User, *, minutes_ago: float = 0) -> Any:
    """Past the password and, for those who need one, past the one-time code; so long ago."""
    client.force_login(user)
    if user.has_power:
        device, _ = TOTPDevice.objects.get_or_create(user=user, name="app")
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session[codes.PROVED_AT] = codes.clock() - minutes_ago * 60
        session.save()
    return client


def act(client: Any, url: str, action: str, *rows: Any, **typed: Any) -> Any:
    """An action of an admin's list, as somebody does it who reads the page between and means it."""
    ticked = {"action": action, "_selected_action": [row.pk for row in rows]}
    between = client.post(url, ticked)
    if not between.context or "pks" not in between.context:
        return client.get(between.url) if between.status_code == 302 else between
    assert 'name="confirmed"' in between.text
    return client.post(url, ticked | {"confirmed": "1"} | typed, follow=True)


def code(user: User) -> str:
    """What their app shows now, as if none had been typed for a while."""
    rest(user)
    TOTPDevice.objects.filter(user=user).update(last_t=-1)
    app = TOTPDevice.objects.get(user=user)
    return f"{totp(app.bin_key):06d}"


def rest(user: User) -> None:
    """The pause after a wrong code is over."""
    TOTPDevice.objects.filter(user=user).update(throttling_failure_count=0)
