"""From a payment back to the marks that it rests on, with everybody who had a hand in it."""

from collections.abc import Iterator

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.channels import reference
from claims.models import Hold, Payment, Recovery
from claims.money.earning import by_deployment, earned
from claims.money.gathering import Found
from claims.money.shapes import Section, Step, moment, told, when
from claims.money.words import what, who, why
from claims.templatetags.shillings import masked, shillings
from deployments.models import Deployment


def sections(found: Found) -> Iterator[Section]:
    """From the money back to the person."""
    for payment in found.payments:
        yield _payment(found, payment)
        yield _batch(found, payment)
    yield _claim(found)
    if found.holds:
        yield _holds(found)
    for deployment, lines in by_deployment(found.lines):
        yield earned(found, deployment, lines)
        yield _deployment(found, deployment)
        if signed := found.returns.get(deployment.post.station_id):
            yield Section(
                _("Signed register of %(code)s") % {"code": deployment.post.station.code},
                [(_("Code"), signed.code), (_("Status"), signed.get_status_display())],
                list(told(found, signed)),
            )
    yield _officer(found)


# The money


def _payment(found: Found, payment: Payment) -> Section:
    to = masked(payment.payee_phone) or payment.masked_account
    first, _space, rest = payment.payee_name.partition(" ")
    facts = [
        (_("Reference"), reference(payment.pk)),
        (_("Amount"), shillings(payment.amount)),
        (_("Channel"), payment.get_channel_display()),
        (_("Payee"), f"{first} {rest[:1]}., {to}" if rest else f"{first}, {to}"),
        (_("Status"), payment.get_status_display()),
        (_("Receipt"), payment.reference or ""),
        (_("Failure"), payment.failure),
    ]
    facts += [
        (_("Kept back from it"), _kept(kept))
        for kept in found.kept
        if kept.payment_id == payment.pk
    ]
    steps = [*told(found, payment), *_ledger(found, payment)]
    steps += [
        Step(entry.at, who(entry.actor), what(entry), why(entry))
        for entry in found.told(found.claim)
        if entry.verb == "claim.paid" and entry.details.get("reference") == payment.reference
    ]
    return Section(
        _("Payment %(reference)s") % {"reference": reference(payment.pk)},
        [fact for fact in facts if fact[1]],
        sorted(steps, key=when),
        links=[("payment", payment.pk, reference(payment.pk))],
    )


def _kept(kept: Recovery) -> str:
    said = _("%(amount)s for claim %(claim)s") % {
        "amount": shillings(kept.amount),
        "claim": kept.claim_id,
    }
    returned = _("returned")
    return f"{said}, {returned}" if kept.returned_at else said


def _ledger(found: Found, payment: Payment) -> Iterator[Step]:
    for entry in found.ledger:
        if entry.payment_id == payment.pk:
            said = _("Ledger %(number)s: %(amount)s from “%(debit)s” to “%(credit)s”") % {
                "number": entry.pk,
                "amount": shillings(entry.amount),
                "debit": entry.get_debit_display(),
                "credit": entry.get_credit_display(),
            }
            yield Step(entry.at, who(entry.by), said, entry.note)


def _batch(found: Found, payment: Payment) -> Section:
    batch = payment.batch
    steps = list(told(found, batch))
    known = {entry.verb for entry in found.told(batch)}
    if "batch.prepared" not in known:
        steps.insert(0, Step(batch.prepared_at, who(batch.prepared_by), _("Batch prepared")))
    if batch.approved_at and "batch.approved" not in known:
        steps.append(Step(batch.approved_at, who(batch.approved_by), _("Batch approved")))
    return Section(
        str(batch).capitalize(),
        [
            (_("Status"), batch.get_status_display()),
            (_("Payments"), f"{batch.count:,}"),
            (_("Total"), shillings(batch.total)),
            (_("Prepared by"), who(batch.prepared_by)),
            (_("Approved by"), who(batch.approved_by) if batch.approved_by else _("nobody yet")),
            (_("SHA-256 of the file"), batch.sha256 or _("not written yet")),
        ],
        sorted(steps, key=when),
    )


# The claim


def _claim(found: Found) -> Section:
    claim = found.claim
    facts = [
        (_("Officer"), str(claim.officer)),
        (_("Exam"), str(claim.exam)),
        (_("Gross"), shillings(claim.gross)),
        (_("Tax"), _tax(found)),
        (_("Paid in advance"), shillings(claim.advance) if claim.advance else ""),
        (_("Net"), shillings(claim.net)),
        (_("Status"), claim.get_status_display()),
        (_("Verified by"), who(claim.verified_by) if claim.verified_by else _("nobody yet")),
        (_("Approved by"), who(claim.approved_by) if claim.approved_by else _("nobody yet")),
        (_("What the officer disputed"), claim.dispute_reason),
    ]
    by = next((entry.actor for entry in found.told(claim.exam)), None)
    computed = Step(claim.prepared_at, who(by), _("Computed from marks and rates"))
    title = _("Adjustment, claim %(number)s") if claim.adjusts_id else _("Claim %(number)s")
    return Section(
        title % {"number": claim.pk},
        [fact for fact in facts if fact[1]],
        sorted([computed, *told(found, claim)], key=when),
        links=list(_family(found)),
    )


def _tax(found: Found) -> str:
    amount = shillings(found.claim.tax)
    rule = getattr(found.claim.exam, "tax_rule", None)
    if rule is None:
        return _("%(amount)s, as the exam has no tax rule") % {"amount": amount}
    said = _("%(amount)s, by the exam's rule: %(rate)s%% of claims above %(above)s")
    return said % {"amount": amount, "rate": rule.rate, "above": shillings(rule.above)}


def _family(found: Found) -> Iterator[tuple[str, int, str]]:
    for other in found.family:
        if other.pk != found.claim.pk:
            kind = _("Adjusted by") if other.adjusts_id else _("First claim")
            words = f"{kind} {other.pk}: {shillings(other.net)}, {other.get_status_display()}"
            yield "claim", other.pk, words


def _holds(found: Found) -> Section:
    steps: list[Step] = []
    for hold in found.holds:
        steps.append(
            Step(
                hold.raised_at,
                who(hold.raised_by),
                _("Held: %(why)s") % {"why": hold.get_code_display()},
                hold.note,
            )
        )
        if hold.cleared_at:
            said = _("Cleared: %(why)s") % {"why": hold.get_code_display()}
            steps.append(Step(hold.cleared_at, who(hold.cleared_by), said, _note(found, hold)))
    standing = sum(hold.cleared_at is None for hold in found.holds)
    counted = ngettext("%(n)s hold stands", "%(n)s holds stand", standing) % {"n": standing}
    return Section(_("Holds"), [(_("Now"), counted)], sorted(steps, key=when))


def _note(found: Found, hold: Hold) -> str:
    notes = [entry.details.get("note", "") for entry in found.told(hold)]
    return str(next((note for note in reversed(notes) if note), ""))


# Who it was


def _deployment(found: Found, deployment: Deployment) -> Section:
    steps = list(told(found, deployment))
    if deployment.application:
        steps += told(found, deployment.application)
    known = {entry.verb for entry in found.told(deployment)}
    if deployment.answered_at and "deployment.accepted" not in known:
        steps.append(Step(deployment.answered_at, _("the officer"), _("Answered")))
    facts = [
        (_("Status"), deployment.get_status_display()),
        (
            _("Days"),
            f"{date_format(deployment.starts_on, 'j M Y')} – "
            f"{date_format(deployment.ends_on, 'j M Y')}",
        ),
        (_("Serial"), str(deployment.serial)),
        (_("Offered"), moment(deployment.offered_at)),
        (_("Reason"), deployment.reason),
    ]
    title = _("Deployment %(serial)s") % {"serial": deployment.serial}
    return Section(title, [fact for fact in facts if fact[1]], sorted(steps, key=when))


def _officer(found: Found) -> Section:
    officer = found.claim.officer
    number = officer.national_id
    facts = [
        (_("Officer"), str(officer)),
        (_("Account"), masked(officer.user.phone or "")),
        (_("ID number"), f"… {number[-3:]}" if number else ""),
        (_("Vetting"), officer.get_vetting_display()),
        (_("Reason"), officer.vetting_reason),
    ]
    return Section(
        _("Vetting"), [fact for fact in facts if fact[1]], sorted(told(found, officer), key=when)
    )
