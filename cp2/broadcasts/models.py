"""A text from headquarters to many at once, and whom it goes to."""

from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalogue.models import County, Exam, Office
from cp2.runs.models import Run
from sms.models import Message


class Who(models.TextChoices):
    OFFICERS = "officers", _("Officers")
    MANAGERS = "managers", _("Centre managers")
    DIRECTORS = "directors", _("Directors")


class Stage(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    UNSUBMITTED = "unsubmitted", _("Profile not submitted")
    APPLIED = "applied", _("Applied, not deployed")
    OFFERED = "offered", _("Offered, not answered")
    ACCEPTED = "accepted", _("Accepted")
    ABSENT = "absent", _("Marked absent")
    UNPAID = "unpaid", _("Waiting for their claim")


OF_NO_EXAM = [Stage.REGISTERED, Stage.UNSUBMITTED]


class BroadcastStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    COUNTING = "counting", _("Being counted")
    READY = "ready", _("Counted")
    PROPOSED = "proposed", _("Waiting for approval")
    APPROVED = "approved", _("Approved")
    SENDING = "sending", _("Being sent")
    PAUSED = "paused", _("Paused")
    SENT = "sent", _("Sent")
    STOPPED = "stopped", _("Stopped")
    DISCARDED = "discarded", _("Discarded")


ON_ITS_WAY = [BroadcastStatus.APPROVED, BroadcastStatus.SENDING, BroadcastStatus.PAUSED]
OVER = [BroadcastStatus.SENT, BroadcastStatus.STOPPED]


class BroadcastQuerySet(models.QuerySet["Broadcast"]):
    def visible_to(self, user: User) -> Self:
        return self if user.has_perm("broadcasts.view_broadcast") else self.none()

    def in_full(self) -> Self:
        return self.select_related("exam", "prepared_by", "approved_by", "run")


def _places(name: Any) -> Any:
    return ArrayField(models.BigIntegerField(), verbose_name=name, default=list, blank=True)


class Broadcast(models.Model):
    """draft → counting → ready → proposed → approved → sending → sent
    counting | ready | proposed → draft (to be changed, or sent back with a reason)
    sending ⇄ paused          approved | sending | paused → stopped
    draft | ready → discarded

    Text and audience are typed in a draft alone: a trigger (0002) sees to that. The audience is
    counted person by person (`Recipient`), nobody joins it after that, and who was counted is who
    is sent to, unless they have left it since.
    """

    MOVES = {
        BroadcastStatus.DRAFT: [BroadcastStatus.COUNTING, BroadcastStatus.DISCARDED],
        BroadcastStatus.COUNTING: [BroadcastStatus.READY, BroadcastStatus.DRAFT],
        BroadcastStatus.READY: [
            BroadcastStatus.PROPOSED,
            BroadcastStatus.DRAFT,
            BroadcastStatus.DISCARDED,
        ],
        BroadcastStatus.PROPOSED: [BroadcastStatus.APPROVED, BroadcastStatus.DRAFT],
        BroadcastStatus.APPROVED: [BroadcastStatus.SENDING, BroadcastStatus.STOPPED],
        BroadcastStatus.SENDING: [
            BroadcastStatus.PAUSED,
            BroadcastStatus.SENT,
            BroadcastStatus.STOPPED,
        ],
        BroadcastStatus.PAUSED: [BroadcastStatus.SENDING, BroadcastStatus.STOPPED],
    }

    title = models.CharField(
        _("title"), max_length=80, help_text=_("For headquarters alone; it is not sent.")
    )
    text_en = models.TextField(_("text in English"))
    text_sw = models.TextField(_("text in Kiswahili"))
    who = models.CharField(_("to whom"), max_length=10, choices=Who, default=Who.OFFICERS)
    stage = models.CharField(_("who have come so far"), max_length=12, choices=Stage, blank=True)
    office = models.CharField(_("office"), max_length=4, choices=Office, blank=True)
    exam = models.ForeignKey(
        Exam, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exam")
    )
    # Rows of the catalogue by their ids: columns, so that a trigger can hold them fixed.
    positions = _places(_("positions"))
    counties = _places(_("counties"))
    sub_counties = _places(_("sub-counties"))
    stations = _places(_("stations"))
    status = models.CharField(
        _("status"), max_length=10, choices=BroadcastStatus, default=BroadcastStatus.DRAFT
    )
    run = models.ForeignKey(
        Run,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("run"),
        help_text=_("What counts its audience, or sends it."),
    )
    reached = models.PositiveIntegerField(_("texts"), default=0)
    unreached = models.PositiveIntegerField(_("not reached"), default=0)
    segments = models.PositiveIntegerField(_("segments"), default=0)
    cost = models.DecimalField(_("cost, KES"), max_digits=12, decimal_places=2, default=0)
    figures = models.JSONField(_("figures"), default=dict, blank=True)
    counted_at = models.DateTimeField(_("counted"), null=True, blank=True)
    prepared_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("prepared by")
    )
    prepared_at = models.DateTimeField(_("prepared"), db_default=Now())
    hands = _places(_("who had a hand in it"))
    approved_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("approved by")
    )
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True)
    reason = models.CharField(_("why it was sent back, or stopped"), max_length=300, blank=True)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    report = models.JSONField(_("report"), default=dict, blank=True)
    reported_at = models.DateTimeField(_("report made"), null=True, blank=True)

    objects = BroadcastQuerySet.as_manager()

    class Meta:
        verbose_name = _("broadcast")
        verbose_name_plural = _("broadcasts")
        ordering = ["-pk"]
        permissions = [("approve_broadcast", _("Can approve what somebody else wrote to many"))]
        indexes = [
            models.Index(fields=["status", "reported_at"], name="broadcasts_to_report"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=BroadcastStatus.values), name="broadcast_status"
            ),
            models.CheckConstraint(
                condition=Q(who__in=Who.values, office__in=["", *Office.values]),
                name="broadcast_goes_to_those_we_know",
            ),
            models.CheckConstraint(
                condition=Q(who=Who.OFFICERS, stage__in=Stage.values)
                | ~Q(who=Who.OFFICERS) & Q(stage=""),
                name="officers_have_come_to_a_stage",
            ),
            models.CheckConstraint(
                condition=Q(who=Who.DIRECTORS) | Q(stage__in=OF_NO_EXAM) | Q(exam__isnull=False),
                name="stage_is_of_an_exam",
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        BroadcastStatus.DRAFT,
                        BroadcastStatus.COUNTING,
                        BroadcastStatus.READY,
                        BroadcastStatus.DISCARDED,
                    ]
                )
                | Q(counted_at__isnull=False, reached__gte=1),
                name="nobody_is_no_audience",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[*ON_ITS_WAY, *OVER])
                & Q(approved_by__isnull=False, approved_at__isnull=False)
                | ~Q(status__in=[*ON_ITS_WAY, *OVER]) & Q(approved_by=None, approved_at=None),
                name="broadcast_names_who_approved_it",
            ),
            models.CheckConstraint(
                condition=~Q(hands__contains=[F("approved_by")]),
                name="nobody_approves_what_they_wrote",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OVER, ended_at__isnull=False)
                | ~Q(status__in=OVER) & Q(ended_at=None),
                name="broadcast_ends_at_its_time",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def texts(self) -> dict[str, str]:
        return {"en": self.text_en, "sw": self.text_sw}


class State(models.TextChoices):
    """How far it is with one person, as of the last look at their text."""

    WAITING = "waiting", _("Not yet")
    WRITTEN = "written", _("On its way")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")
    UNKNOWN = "unknown", _("Not known")
    WITHDRAWN = "withdrawn", _("Withdrawn: it was stopped")
    NO_PHONE = "no_phone", _("Has no phone")
    OPTED_OUT = "opted_out", _("Wants no announcements")
    CLOSED = "closed", _("The account is closed")
    LEFT = "left", _("No longer in the audience")


NOT_REACHED = [
    State.FAILED,
    State.UNKNOWN,
    State.WITHDRAWN,
    State.NO_PHONE,
    State.OPTED_OUT,
    State.CLOSED,
    State.LEFT,
]
GONE = [State.SENT, State.UNKNOWN, State.FAILED]  # of which a late report may come


class Recipient(models.Model):
    """One person that a broadcast goes to, once however many places they serve at."""

    id = models.BigAutoField(primary_key=True)
    broadcast = models.ForeignKey(
        Broadcast, models.CASCADE, related_name="recipients", verbose_name=_("broadcast")
    )
    user = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name=_("person"))
    county = models.ForeignKey(
        County, models.PROTECT, null=True, related_name="+", verbose_name=_("county")
    )
    language = models.CharField(_("language"), max_length=2)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    # Texts may be tidied away after years, by statements that ask no other table.
    message = models.ForeignKey(
        Message,
        models.SET_NULL,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name=_("text"),
    )
    failure = models.CharField(_("failure"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ["pk"]
        default_permissions = ()  # whoever may see a broadcast sees whom it went to
        indexes = [
            models.Index(fields=["broadcast", "state", "id"], name="recipients_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["broadcast", "user"], name="nobody_is_sent_a_broadcast_twice"
            ),
            models.CheckConstraint(condition=Q(state__in=State.values), name="recipient_state"),
        ]

    def __str__(self) -> str:
        return f"{self.broadcast_id}: {self.user_id}"
