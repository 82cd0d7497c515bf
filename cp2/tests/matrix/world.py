"""A small country for the matrix: everybody who can sign in, and one row of each kind in each of
four places, which lie farther and farther from where they sit."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from hashlib import sha256
from operator import attrgetter
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from accounts.services import record
from attendance.models import (
    Amendment,
    CentrePhone,
    CentreReport,
    Handover,
    LookKind,
    Mark,
    Register,
    RegisterCopy,
    RegisterReturn,
    RegisterStatus,
    SecondLook,
    SecondLookRules,
    SupervisorReport,
)
from attendance.services import code_of
from catalogue.models import Activity, CentreEntry, DutyStation, Exam, PositionTerms, SubCounty
from claims import services as claims_services
from claims.models import (
    AuditSample,
    Claim,
    GhostSignal,
    Hold,
    Investigation,
    LedgerEntry,
    MarkingRate,
    MarkingRecord,
    MoneyRun,
    Payment,
    PaymentBatch,
    RateChange,
    ResultFile,
    RunKind,
    TaxRule,
)
from cp2.audit import sealing
from cp2.broadcasts.models import Broadcast
from cp2.filters.models import SavedView
from cp2.protection.models import Affected, Breach, DataRequest, RequestKind
from cp2.protection.services import ask
from cp2.rights.models import PowerChange, RateProposal
from cp2.rules import Role
from cp2.runs import services as runs
from cp2.runs.models import Run
from cp2.runs.models import RunKind as HeadquartersRun
from cp2.tests import make
from cp2.transfers.models import Export, Import
from deployments import letters
from deployments.models import (
    AllocationPart,
    AllocationRun,
    AllocationWeights,
    Deployment,
    DeploymentStatus,
    EmptyPost,
    FairnessReport,
    FairnessStatus,
    Letter,
    LetterPack,
    LetterStatus,
    LetterText,
    PackStatus,
    Post,
    Proposal,
    Unplaced,
)
from enquiries.models import (
    Attachment,
    AttachmentStatus,
    CannedAnswer,
    Enquiry,
    EnquiryPromise,
    Reply,
)
from profiles.models import (
    ExaminerTraining,
    ImportStatus,
    Interest,
    NumberChange,
    Officer,
    Paper,
    PaperKind,
    PaperStatus,
    Qualification,
    RegisterCheck,
    RegisterEntry,
    RegisterImport,
    WorkExperience,
)
from sms.models import InboundMessage, Message, Receipt
from vacancies.models import Application, Vacancy, VacancyAlert, VacancyFile


class Scope(IntEnum):
    """How far a row is from those who ask, and how far somebody may reach."""

    NOWHERE = -1
    OWN = 0  # one's own, or of one's own centre
    AREA = 1  # somebody else's in the same sub-county
    COUNTY = 2  # of another sub-county of the same county
    NATION = 3  # of another county


PLACES = [Scope.OWN, Scope.AREA, Scope.COUNTY, Scope.NATION]

# By the names that the tables of expectations use.
GROUPS = {
    "deployment": "Deployment",
    "preparer": "Finance preparer",
    "approver": "Finance approver",
    "helpdesk": "Helpdesk",
    "auditor": "Auditor",
    "administrator": "Administrator",
}
HEADQUARTERS = [*GROUPS, "superuser", "newcomer"]  # a newcomer is in no group yet
PEOPLE = ["officer", "centre", "tsc", "scde", *HEADQUARTERS]
EVERYBODY = ["stranger", *PEOPLE]


@dataclass
class Place:
    """One of everything that an address can name."""

    scope: Scope
    sub_county: SubCounty
    station: DutyStation
    exam: Exam
    entry: CentreEntry
    officer: Officer
    guard: Officer
    spare: Officer
    post: Post
    guard_post: Post
    deployment: Deployment
    guarding: Deployment
    offer: Deployment
    guard_offer: Deployment
    letter: Letter
    pack: LetterPack
    mark: Mark
    vacancy: Vacancy
    application: Application
    guard_application: Application
    work: WorkExperience
    qualification: Qualification
    training: ExaminerTraining
    interest: Interest
    copy: Paper  # of the ID card
    alert: VacancyAlert
    check: RegisterCheck
    number_change: NumberChange
    register: Register
    amendment: Amendment
    look: SecondLook
    register_copy: RegisterCopy
    signed: RegisterReturn
    handed: Handover
    no_show: CentreReport
    centre_phone: CentrePhone
    claim: Claim
    enquiry: Enquiry
    message: Message
    attachment: Attachment
    data_request: DataRequest
    today: date = field(default_factory=timezone.localdate)
    # the same for all places
    own: Any = None
    batch: PaymentBatch | None = None
    payment: Payment | None = None
    results: ResultFile | None = None
    money_run: MoneyRun | None = None
    hq_run: Run | None = None
    breach: Breach | None = None
    broadcast: Broadcast | None = None
    hq_import: Import | None = None
    hq_export: Export | None = None
    sample: AuditSample | None = None
    coming: RegisterImport | None = None
    fairness: FairnessReport | None = None
    power: PowerChange | None = None
    rate: RateProposal | None = None
    vacancy_file: VacancyFile | None = None
    text: LetterText | None = None
    run: Any = None
    guard_run: Any = None
    proposal: Any = None
    guard_proposal: Any = None
    nation_run: AllocationRun | None = None
    view: SavedView | None = None
    inbound_secret: str = settings.SMS_INBOUND_SECRET
    delivery_secret: str = settings.SMS_DELIVERY_SECRET
    phone: str = "254712345678"

    def named(self, path: str) -> Any:
        """`deployment.pk`, `letter.code`; with a mark in front, the word itself: `'refresh`."""
        return path[1:] if path.startswith("'") else attrgetter(path)(self)


def place(scope: Scope, sub_county: SubCounty, season: Exam) -> Place:
    """Officers serve in one season everywhere; but a centre's pages are named by its exam, so the
    centres of other places sit an exam of their own."""
    exam = season if scope == Scope.OWN else make.exam()
    station = make.station(sub_county=sub_county)
    entry = make.entry(
        exam=exam, station=station, distance_km=Decimal(12), distance_given_at=timezone.now()
    )
    officer = make.officer(sub_county=sub_county)
    guard = make.officer(sub_county=sub_county)
    posts = [
        make.post(exam=season, station=station, position=make.position(code))
        for code in ("INV", "SEC")
    ]
    deployment = make.deployment(post=posts[0], officer=officer)
    guarding = make.deployment(post=posts[1], officer=guard)
    offers = [
        make.deployment(
            DeploymentStatus.OFFERED,
            post=post,
            slot=3,
            officer=make.officer(sub_county=sub_county),
        )
        for post in posts
    ]
    make.bank_account(officer)
    make.next_of_kin(officer)
    activity = Activity.objects.create(name=f"Supervision, {scope.name.lower()}")
    vacancies = [
        make.vacancy(exam=season, position=post.position, sub_county=sub_county, activity=activity)
        for post in posts
    ]
    applications = [
        make.application(vacancy=vacancy, officer=make.officer(sub_county=sub_county))
        for vacancy in vacancies
    ]
    if scope == Scope.OWN:  # so that there is one that they can withdraw
        applications[0].officer = officer
        applications[0].save()
    mark = make.mark(deployment)
    enquiry = _enquiry(officer, sub_county)
    return Place(
        scope=scope,
        sub_county=sub_county,
        station=station,
        exam=exam,
        entry=entry,
        officer=officer,
        guard=guard,
        spare=make.officer(sub_county=sub_county, vetting="pending"),
        post=posts[0],
        guard_post=posts[1],
        deployment=deployment,
        guarding=guarding,
        offer=offers[0],
        guard_offer=offers[1],
        letter=_letter(deployment),
        pack=_pack(posts[0]),
        mark=mark,
        vacancy=vacancies[0],
        application=applications[0],
        guard_application=applications[1],
        work=make.work(officer),
        qualification=_qualification(officer),
        training=make.training(officer),
        interest=make.interest(officer),
        copy=_paper(officer, PaperKind.ID_FRONT),
        alert=VacancyAlert.objects.create(officer=officer, position=posts[0].position),
        check=make.register_check(officer),
        number_change=make.number_change(officer),
        register=make.register(
            entry,
            status=RegisterStatus.SUBMITTED,
            acting_name="Barasa Wafula",
            submitted_at=timezone.now(),
        ),
        amendment=_amendment(entry, deployment),
        look=SecondLook.objects.create(entry=entry, kind=LookKind.HOUR, day=timezone.localdate()),
        register_copy=_register_copy(entry, mark),
        signed=RegisterReturn.objects.create(entry=entry, code=code_of(entry)),
        handed=_handed(officer, exam, station, sub_county),
        no_show=CentreReport.objects.create(
            entry=entry,
            day=timezone.localdate(),
            kind="no_show",
            deployment=deployment,
            reported_by=make.user(),
            acting_name="Barasa Wafula",
        ),
        centre_phone=CentrePhone.objects.create(
            entry=entry, phone=make.phone(), confirmed_at=timezone.now()
        ),
        claim=make.claim(deployment=deployment),
        enquiry=enquiry,
        attachment=_attachment(enquiry),
        data_request=ask(officer.user, kind=RequestKind.ACCESS, text="All of it", written_by=None),
        message=Message.objects.create(to=officer.phone, template="accounts/x", text="Habari"),
    )


def _amendment(entry: CentreEntry, deployment: Deployment) -> Amendment:
    """Asked by the centre's account of that exam, which is the one that signs in here."""
    account = make.centre(entry.station, exam=entry.exam)
    row = Amendment.objects.create(
        entry=entry,
        day=timezone.localdate(),
        reason="One came late",
        asked_by=account,
        acting_name="Barasa Wafula",
    )
    row.lines.create(deployment=deployment, was="present", wanted="absent")
    return row


def _handed(officer: Officer, exam: Exam, station: DutyStation, sub_county: SubCounty) -> Handover:
    """Of a week before the rehearsal, so that it is in nobody's way."""
    position = make.position("SUP")
    make.terms(exam, position, rotation_days=7)
    here, there = (
        make.post(exam=exam, station=at, position=position)
        for at in (station, make.station(sub_county=sub_county))
    )
    first = exam.rehearsal_on - timedelta(days=14)
    left = make.deployment(
        post=here, officer=officer, starts_on=first, ends_on=first + timedelta(days=6)
    )
    make.deployment(
        post=there,
        officer=officer,
        replaces=left,
        starts_on=first + timedelta(days=7),
        ends_on=first + timedelta(days=8),
    )
    return Handover.objects.create(deployment=left, day=left.ends_on, issues="None")


def _register_copy(entry: CentreEntry, mark: Mark) -> RegisterCopy:
    return make.register_copy(
        entry, status="conflict", marks={str(mark.officer_id): "absent"}, clashes=[mark.officer_id]
    )


def _letter(deployment: Deployment) -> Letter:
    letter = letters.issue(deployment)
    letter.file.save("x.pdf", ContentFile(b"%PDF-1.7"), save=False)
    letter.status, letter.size, letter.sha256 = LetterStatus.READY, 8, "0" * 64
    letter.save()
    return letter


def _pack(post: Post) -> LetterPack:
    now = timezone.now()
    pack = LetterPack(exam=post.exam, station=post.station, asked_by=make.user(), total=1)
    pack.file.save("x.pdf", ContentFile(b"%PDF-1.7"), save=False)
    pack.status, pack.size, pack.sha256 = PackStatus.READY, 8, "0" * 64
    pack.as_of, pack.expires_at = now, now + timedelta(days=1)
    pack.save()
    return pack


def _qualification(officer: Officer) -> Qualification:
    row = make.qualification(officer)
    _paper(officer, PaperKind.CERTIFICATE, qualification=row)
    return row


def _paper(officer: Officer, kind: PaperKind, **fields: Any) -> Paper:
    paper = Paper(officer=officer, kind=kind, name="x.pdf", type="application/pdf", **fields)
    paper.status = PaperStatus.CLEAN
    paper.file.save("x.pdf", ContentFile(b"%PDF-1.7"))
    return paper


def _enquiry(officer: Officer, sub_county: SubCounty) -> Enquiry:
    return Enquiry.objects.create(
        officer=officer, sub_county=sub_county, category="other", subject="Pay", text="When?"
    )


def _attachment(enquiry: Enquiry) -> Attachment:
    made = Attachment(enquiry=enquiry, by=make.user(), name="x.pdf", type="application/pdf")
    made.status = AttachmentStatus.CLEAN
    made.file.save("x.pdf", ContentFile(b"%PDF-1.7"))
    return made


@dataclass
class World:
    places: dict[Scope, Place]
    people: dict[str, User]

    @property
    def own(self) -> Place:
        return self.places[Scope.OWN]


def build() -> World:
    here, season = make.sub_county("Here", "Kisii"), make.exam()
    for code in ("INV", "SEC"):
        make.terms(season, make.position(code), vetting_required=False, reports_daily=True)
    places = {
        Scope.OWN: place(Scope.OWN, here, season),
        Scope.AREA: place(Scope.AREA, here, season),
        Scope.COUNTY: place(Scope.COUNTY, make.sub_county("Beyond", "Kisii"), season),
        Scope.NATION: place(Scope.NATION, make.sub_county("Afar", "Turkana"), season),
    }
    own = places[Scope.OWN]
    people = {
        "officer": own.officer.user,
        "centre": own.amendment.asked_by,
        "tsc": make.director(here, "tsc"),
        "scde": make.director(here, "scde"),
        "superuser": make.user(Role.STAFF, is_superuser=True),
        "newcomer": make.user(Role.STAFF),
    }
    for name, group in GROUPS.items():
        people[name] = make.user(Role.STAFF)
        people[name].groups.set(Group.objects.filter(name=group))
    _money(own, people["preparer"])
    own.vacancy_file = VacancyFile.objects.create(name="v.csv", by=people["deployment"])
    own.coming = _coming(people["deployment"])
    own.hq_import = Import.objects.create(
        kind="stations",
        file="imports/made-up",
        file_name="s.csv",
        sha256="0" * 64,
        size=1,
        status="read",
        uploaded_by=people["deployment"],
    )
    own.hq_export = Export.objects.create(
        list_of="catalogue.dutystation",
        title="Duty stations",
        format="csv",
        asked_by=people["deployment"],
    )
    own.fairness = FairnessReport.objects.create(
        exam=own.exam,
        asked_by=people["auditor"],
        status=FairnessStatus.DONE,
        done_at=timezone.now(),
    )
    for each in places.values():
        each.own, each.batch = own, own.batch
        each.payment, each.results = own.payment, own.results
        each.coming, each.vacancy_file = own.coming, own.vacancy_file
        each.run, each.proposal = _allocated(each, each.post, "tsc")
        each.guard_run, each.guard_proposal = _allocated(each, each.guard_post, "scde")
    _rest(own)
    nation = AllocationRun.objects.create(exam=own.exam, outcome=NOTHING, status="confirmed")
    view = SavedView.objects.create(
        owner=people["helpdesk"], model="profiles.officer", name="To vet", query="o=1", shared=True
    )
    for each in places.values():
        each.nation_run, each.text, each.view = nation, own.text, view
        each.fairness = own.fairness
        each.money_run, each.hq_run, each.breach = own.money_run, own.hq_run, own.breach
        each.broadcast = own.broadcast
        each.power, each.rate = own.power, own.rate
        each.hq_import, each.hq_export = own.hq_import, own.hq_export
        each.payment, each.sample = own.payment, own.sample
    return World(places, people)


GAUGE = dict.fromkeys(["filled", "standing", "metres", "measured", "women", "men", "alone"], 0)
NOTHING = {"places": 0, "applicants": 0, "eligible": 0, "second": 0, "best": GAUGE, "queue": GAUGE}


def _allocated(place: Place, post: Post, whose: str) -> tuple[AllocationRun, Proposal]:
    """Over already, so that there may be one of each place in one sub-county."""
    run = AllocationRun.objects.create(
        exam=post.exam, scope=place.sub_county, whose=whose, status="confirmed", outcome=NOTHING
    )
    part = AllocationPart.objects.create(run=run, sub_county=place.sub_county)
    proposal = Proposal.objects.create(
        run=run, part=part, post=post, place=1, officer=place.spare, standing=0
    )
    return run, proposal


def _coming(by: User) -> RegisterImport:
    coming = RegisterImport(register="id", file_name="r.csv", sha256="0" * 64, uploaded_by=by)
    coming.status = ImportStatus.PREVIEWED
    coming.file.save("r.csv", ContentFile(b"x"))
    return coming


def _money(own: Place, by: User) -> None:
    paid = make.claim(deployment=own.guarding)
    Claim.objects.filter(pk=paid.pk).update(
        status="approved", verified_by=make.user(), approved_by=make.user()
    )
    of_paid = Claim.objects.filter(pk=paid.pk)
    claims_services.check_holds(of_paid, by=by)  # the centre's register has not come in
    claims_services.clear_all(Hold.objects.filter(claim=paid), by=make.user(), note="Seen")
    own.batch = claims_services.prepare_batch(of_paid, by=by)
    own.payment = own.batch.payments.get()
    LedgerEntry.objects.create(
        batch=own.batch, payment=own.payment, debit="owed", credit="channel", amount=1
    )
    own.results = ResultFile(file_name="r.csv", sha256=sha256(b"x").hexdigest(), uploaded_by=by)
    own.results.status, own.results.counts = "read", {"touched": [own.batch.pk]}
    own.results.file.save("r.csv", ContentFile(b"x"))
    Hold.objects.create(claim=own.claim, code="duplicate", note="Twice?", raised_by=by)
    Investigation.objects.create(exam=own.exam, station=own.station, reason="Leaked?", opened_by=by)
    GhostSignal.objects.create(exam=own.exam, claim=own.claim, code="name_far", weight=20)
    TaxRule.objects.create(exam=own.exam, rate=3, above=24_000)
    own.sample = AuditSample.objects.create(
        exam=own.exam,
        seed="7",
        size=1,
        by_county=False,
        drawn_from=1,
        payments=[own.payment.pk],
        drawn_by=by,
        drawn_at=timezone.now(),
    )
    post = own.deployment.post
    terms = PositionTerms.objects.get(exam=own.exam, position=post.position)
    RateChange.objects.create(
        terms=terms, from_day=own.today, daily_rate=700, reason="A circular", by=by
    )
    MarkingRate.objects.create(
        exam=own.exam, position=post.position, coordination_fee=150, basic_fee=1100, script_fee=55
    )
    MarkingRecord.objects.create(
        exam=own.exam,
        deployment=own.deployment,
        coordination_days=2,
        scripts=300,
        travel=1500,
        advance=10_000,
        signed=True,
        by=by,
    )
    own.money_run = MoneyRun.objects.create(
        kind=RunKind.PREPARE, exam=own.exam, sub_county=own.sub_county
    )
    own.breach = Breach.objects.create(
        title="A list was lost",
        what="On a stick.",
        found_at=timezone.now(),
        from_at=timezone.now(),
        to_at=timezone.now(),
        fields=["name"],
        opened_by=by,
    )
    Affected.objects.create(breach=own.breach, officer=own.officer, fields=["name"])
    own.hq_run = runs.start(HeadquartersRun.EXPORT, by=None, title="Officers")
    own.broadcast = Broadcast.objects.create(
        title="Rehearsal",
        text_en="Come at 7.",
        text_sw="Njoo saa moja.",
        stage="registered",
        prepared_by=make.user(),
    )


def _rest(own: Place) -> None:
    """So that headquarters' every list has a row."""
    Reply.objects.create(enquiry=own.enquiry, by=own.officer.user, text="Still waiting")
    EnquiryPromise.objects.create(category="payment", days=5)
    CannedAnswer.objects.create(title="Soon", text_en="It comes.", text_sw="Inakuja.")
    SupervisorReport.objects.create(deployment=own.deployment, day=own.today)
    Mark.objects.filter(pk=own.mark.pk).update(acting_name="Chebet Kiptoo")  # leaves its history
    SecondLookRules.objects.create(exam=own.exam)
    own.text = LetterText.objects.create(
        exam=own.exam, position=own.post.position, paragraphs=["Be there."]
    )
    EmptyPost.objects.create(
        run=own.run, post=own.post, places=1, applied=0, eligible=0, why="nobody_applied"
    )
    Unplaced.objects.create(
        run=own.run,
        application=own.application,
        officer=own.application.officer,
        standing=1,
        why="others",
    )
    AllocationWeights.objects.create(exam=own.exam)
    RegisterEntry.objects.create(
        register="id", number=own.officer.national_id, name="X", imported_at=timezone.now()
    )
    make.waiver(own.officer, own.exam)
    make.marking_entry(exam=own.exam, position=own.post.position)
    InboundMessage.objects.create(
        provider_id="in-1", sender=own.phone, shortcode="22262", text="STATUS"
    )
    Receipt.objects.create(provider_id="out-1", status="Success")
    given = {"was": {"is_active": False}, "wanted": {"is_active": True}, "reason": "Back"}
    own.power = PowerChange.objects.create(subject=make.user(), proposed_by=make.user(), **given)
    own.rate = RateProposal.objects.create(
        model="claims.taxrule",
        about="claims.taxrule 0",
        title="A rule",
        was={},
        wanted={"exam": own.exam.pk, "rate": "5", "above": "0"},
        reason="The law",
        proposed_by=make.user(),
    )
    record("officer.vetted", own.officer, by=make.user())
    Deployment.objects.filter(pk=own.deployment.pk).update(reason="Closer to home")  # a change
    sealing.seal(patience=0)


def one_of(model: type[Model]) -> Any:
    return model._default_manager.order_by("pk").first()
