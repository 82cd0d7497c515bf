from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """Which lane a text travels in: credentials never wait behind the rest, nor does a word to
    one person behind a word to thousands."""

    CREDENTIALS = "credentials", _("Credentials")
    NOTICE = "notice", _("Notice")
    BULK = "bulk", _("To many at once")


class MessageStatus(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    SENDING = "sending", _("Being sent")
    SENT = "sent", _("Sent")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Not delivered")
    UNKNOWN = "unknown", _("Not known")
    HELD = "held", _("Held")


class MessageQuerySet(models.QuerySet["Message"]):
    def due(self, kind: Kind) -> Self:
        """What may leave now, oldest first, by the database's clock."""
        return self.filter(kind=kind, status=MessageStatus.QUEUED, not_before__lte=Now()).order_by(
            "not_before", "pk"
        )

    def held(self, kind: Kind) -> Self:
        """What waits for the gateway to take texts again, longest untried first."""
        return self.filter(kind=kind, status=MessageStatus.HELD).order_by("not_before", "pk")

    def leased_as(self, lease_until: datetime) -> Self:
        """What a worker still holds by the lease that it took then; the moment tells it from any
        other lease of the same texts."""
        return self.filter(status=MessageStatus.SENDING, lease_until=lease_until)

    def abandoned(self) -> Self:
        """Taken by a worker that never came back."""
        return self.filter(status=MessageStatus.SENDING, lease_until__lt=Now())


class Message(models.Model):
    """One text to one phone; the row is the promise that it will leave.

        queued → sending → sent → delivered
                         → failed           the gateway, or the network, surely refused it
                         → queued           it surely did not leave: tried again later
                         → unknown          taken, perhaps; nobody answered
                         → held             no balance or bad sender: until a person has acted

    A credentials text has no words here: the worker mints the password at the moment of sending
    and forgets it. Its `context` says whose it is.
    """

    MOVES = {
        MessageStatus.QUEUED: [MessageStatus.SENDING],
        MessageStatus.SENDING: [
            MessageStatus.SENT,
            MessageStatus.QUEUED,
            MessageStatus.FAILED,
            MessageStatus.UNKNOWN,
            MessageStatus.HELD,
        ],
        MessageStatus.SENT: [MessageStatus.DELIVERED, MessageStatus.FAILED],
        MessageStatus.UNKNOWN: [
            MessageStatus.QUEUED,
            MessageStatus.DELIVERED,
            MessageStatus.FAILED,
        ],
        MessageStatus.HELD: [MessageStatus.QUEUED, MessageStatus.SENDING],  # sent as a probe
        # a network may say "failed" first and deliver after all
        MessageStatus.FAILED: [MessageStatus.DELIVERED],
    }

    to = models.CharField(_("to"), max_length=12)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.NOTICE)
    template = models.CharField(_("template"), max_length=60)
    context = models.JSONField(_("context"), default=dict, blank=True)
    text = models.TextField(_("text"), blank=True)
    status = models.CharField(
        _("status"), max_length=10, choices=MessageStatus, default=MessageStatus.QUEUED
    )
    dedupe_key = models.CharField(
        _("dedupe key"), max_length=120, unique=True, null=True, blank=True
    )
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    deaths = models.PositiveSmallIntegerField(_("workers lost with it"), default=0, db_default=0)
    doubts = models.PositiveSmallIntegerField(_("times in doubt"), default=0, db_default=0)
    not_before = models.DateTimeField(_("not before"), db_default=Now())
    lease_until = models.DateTimeField(_("lease until"), null=True, blank=True)
    # Set just before the gateway is called: while it is empty the text has surely not left.
    handed_at = models.DateTimeField(_("handed to the gateway"), null=True, blank=True)
    provider_id = models.CharField(
        _("gateway's id"), max_length=100, unique=True, null=True, blank=True
    )
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    cost = models.DecimalField(
        _("cost, KES"), max_digits=8, decimal_places=4, null=True, blank=True
    )
    created_at = models.DateTimeField(_("written"), db_default=Now())
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    # The phone's, as the delivery report names it (63902): no number tells its network itself.
    network = models.CharField(_("network"), max_length=10, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ["-pk"]
        permissions = [("send_again", _("Can send a held or doubtful text again"))]
        indexes = [
            models.Index(
                # with the number: thousands that were written at once are due at once
                fields=["kind", "not_before", "id"],
                name="texts_waiting",
                condition=Q(status=MessageStatus.QUEUED),
            ),
            models.Index(
                fields=["kind", "not_before", "id"],
                name="texts_held",
                condition=Q(status=MessageStatus.HELD),
            ),
            models.Index(
                fields=["lease_until"],
                name="texts_leased",
                condition=Q(status=MessageStatus.SENDING),
            ),
            models.Index(fields=["to", "-id"], name="texts_of_a_phone"),
            models.Index(fields=["created_at"], name="texts_by_time"),
            models.Index(
                fields=["status", "-id"],
                name="texts_that_did_not_arrive",
                condition=Q(
                    status__in=[MessageStatus.FAILED, MessageStatus.UNKNOWN, MessageStatus.HELD]
                ),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=MessageStatus.values), name="text_status"
            ),
            models.CheckConstraint(condition=Q(kind__in=Kind.values), name="text_kind"),
            models.CheckConstraint(
                condition=Q(to__regex=r"^254[17][0-9]{8}$"), name="text_goes_to_a_kenyan_mobile"
            ),
            models.CheckConstraint(
                condition=Q(kind=Kind.CREDENTIALS, text="")
                | (~Q(kind=Kind.CREDENTIALS) & ~Q(text="")),
                name="no_password_rests_in_a_text",
            ),
            models.CheckConstraint(
                condition=Q(status=MessageStatus.SENDING, lease_until__isnull=False)
                | (~Q(status=MessageStatus.SENDING) & Q(lease_until=None)),
                name="text_is_leased_while_sending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template} → {self.to}"


class GatewayStatus(models.TextChoices):
    WORKING = "working", _("Working")
    DOWN = "down", _("Does not answer")
    HELD = "held", _("Takes no texts from us")


class Gateway(models.Model):
    """How it stands with the gateway, for all workers together; there is one row.

    working → down      too many calls in a row went wrong
    working → held      no balance, bad sender, wrong key: a person must act
    down, held → working    a probe, one a minute, went well
    """

    MOVES = {
        GatewayStatus.WORKING: [GatewayStatus.DOWN, GatewayStatus.HELD],
        GatewayStatus.DOWN: [GatewayStatus.WORKING, GatewayStatus.HELD],
        GatewayStatus.HELD: [GatewayStatus.WORKING],
    }

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    status = models.CharField(
        _("status"), max_length=10, choices=GatewayStatus, default=GatewayStatus.WORKING
    )
    since = models.DateTimeField(_("since"), db_default=Now())
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    failures = models.PositiveIntegerField(_("failed calls in a row"), default=0)
    probe_at = models.DateTimeField(_("next probe"), db_default=Now())
    # The meter of texts to many: until when its allowance is used up.
    bulk_until = models.DateTimeField(_("bulk used until"), db_default=Now())

    class Meta:
        verbose_name = _("gateway")
        verbose_name_plural = _("gateways")
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="there_is_one_gateway"),
            models.CheckConstraint(
                condition=Q(status__in=GatewayStatus.values), name="gateway_status"
            ),
            models.CheckConstraint(
                condition=Q(status=GatewayStatus.WORKING) | ~Q(reason=""),
                name="gateway_says_why_it_is_not_working",
            ),
        ]

    def __str__(self) -> str:
        return self.get_status_display()


class InboundMessage(models.Model):
    """A text that somebody sent to our short code. Written by the webhook, answered by a worker."""

    provider_id = models.CharField(_("gateway's id"), max_length=100, unique=True)
    sender = models.CharField(_("sender"), max_length=32)
    shortcode = models.CharField(_("short code"), max_length=16)
    text = models.CharField(_("text"), max_length=500, blank=True)
    # By the gateway's clock, where it names a time that can be so; texts may come hours late.
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    received_at = models.DateTimeField(_("received"), db_default=Now())
    read_at = models.DateTimeField(_("read"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("inbound text")
        verbose_name_plural = _("inbound texts")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["id"], name="inbox_unread", condition=Q(read_at=None)),
            models.Index(fields=["sender", "outcome", "-id"], name="inbox_of_a_phone"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(read_at=None, outcome="") | (Q(read_at__isnull=False) & ~Q(outcome="")),
                name="inbound_is_read_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(sent_at__lte=F("received_at")),
                name="inbound_is_sent_before_it_comes",
            ),
        ]

    def __str__(self) -> str:
        return self.sender

    @property
    def at(self) -> datetime:
        """When its sender meant it, as far as anybody knows."""
        return self.sent_at or self.received_at


class ReceiptQuerySet(models.QuerySet["Receipt"]):
    def waiting(self) -> Self:
        """Not yet matched with a text, and not given up."""
        return self.filter(matched_at=None, unmatched_at=None)


class Receipt(models.Model):
    """What the gateway says became of a text. It may come before our own answer is written down,
    so it is kept and matched by a worker."""

    provider_id = models.CharField(_("gateway's id"), max_length=100)
    status = models.CharField(_("status"), max_length=20)
    reason = models.CharField(_("reason"), max_length=100, blank=True)
    network = models.CharField(_("network"), max_length=10, blank=True)
    received_at = models.DateTimeField(_("received"), db_default=Now())
    matched_at = models.DateTimeField(_("matched"), null=True, blank=True)
    unmatched_at = models.DateTimeField(_("given up"), null=True, blank=True)

    objects = ReceiptQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery report")
        verbose_name_plural = _("delivery reports")
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["id"],
                name="receipts_unmatched",
                condition=Q(matched_at=None, unmatched_at=None),
            ),
            models.Index(fields=["received_at"], name="receipts_by_age"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider_id", "status"], name="one_receipt_of_a_kind_per_text"
            ),
            models.CheckConstraint(
                condition=Q(matched_at=None) | Q(unmatched_at=None),
                name="receipt_is_matched_or_given_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_id} {self.status}"


class Heartbeat(models.Model):
    """When a worker last took a tick: proof that beat, broker and worker are all alive."""

    name = models.CharField(_("name"), max_length=20, unique=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
