"""What a batch would take of the claims that somebody chose, what it would leave, and why."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Case, CharField, Count, Exists, OuterRef, Q, Sum, Value, When
from django.db.models.functions import Now
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from claims.models import BANKS, UNPAID, ClaimQuerySet, ClaimStatus, Hold, HoldCode
from claims.owners import owned_by
from claims.payees import has_payee
from profiles.models import PAYEE_WAITS, PaidBy

# Why claims are left out; the first that applies is said.
REASONS: dict[str, str | Promise] = {
    "unapproved": _("Not approved yet"),
    "own": _("Your own"),
    "approved_by_you": _("Approved by yourself"),
    "owing": _("Of nothing or less: kept back from the officer's next payment"),
    "other_channel": _("Paid by another channel"),
    "no_payee": _("Nowhere to pay it to"),
    "waiting": _("The payee was changed less than 72 hours ago"),
    "held": _("Held"),
}
GOES_IN = "goes_in"


@dataclass
class Survey:
    """What a batch would take of the claims that were chosen, and what it would leave."""

    count: int = 0
    total: Decimal = Decimal(0)
    left_out: list[tuple[str, str | Promise, int, Decimal]] = field(default_factory=list)
    held_by_code: list[tuple[str, str, int]] = field(default_factory=list)


def survey(claims: ClaimQuerySet, *, channel: str, by: User) -> Survey:
    """By the holds that stand now; profiles are looked at anew while the batch is built."""
    unpaid = claims.filter(status__in=UNPAID)
    paid_by = PaidBy.BANK if channel in BANKS else PaidBy.MPESA
    standing = Hold.objects.standing().filter(claim=OuterRef("pk"))
    reason = Case(
        When(~Q(status=ClaimStatus.APPROVED), then=Value("unapproved")),
        When(owned_by(by), then=Value("own")),
        When(approved_by=by, then=Value("approved_by_you")),
        When(net__lte=0, then=Value("owing")),
        When(~Q(officer__paid_by=paid_by), then=Value("other_channel")),
        When(~has_payee(channel), then=Value("no_payee")),
        When(officer__payee_changed_at__gt=Now() - PAYEE_WAITS, then=Value("waiting")),
        When(Exists(standing), then=Value("held")),
        default=Value(GOES_IN),
        output_field=CharField(),
    )
    rows = (
        unpaid.order_by().annotate(why=reason).values_list("why").annotate(Count("pk"), Sum("net"))
    )
    found = {why: (count, total) for why, count, total in rows}
    count, total = found.pop(GOES_IN, (0, Decimal(0)))
    held = Hold.objects.standing().filter(claim__in=claims.filter(status=ClaimStatus.APPROVED))
    codes = held.order_by().values_list("code").annotate(n=Count("claim", distinct=True))
    return Survey(
        count=count,
        total=total,
        left_out=[(why, REASONS[why], *found[why]) for why in REASONS if why in found],
        held_by_code=[(code, str(HoldCode(code).label), n) for code, n in codes.order_by("-n")],
    )
