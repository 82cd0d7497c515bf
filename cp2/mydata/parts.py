"""Which tables hold something about a person, found from the models themselves.

From the account every relation is followed backwards: what belongs to an account or to an officer,
and what belongs to that. Whatever is not followed is named here with its reason, and a test fails
when a model gains a relation to somebody that is neither.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.db import models
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Entry, RecoveryCode, Session, User
from attendance.models import (
    Amendment,
    AmendmentLine,
    CentrePhone,
    CentreReport,
    Handover,
    Mark,
    MarkHistory,
    RegisterCopy,
    RegisterReturn,
    SecondLook,
)
from claims.models import (
    AuditSample,
    Claim,
    ClaimLine,
    GhostSignal,
    Hold,
    Investigation,
    LedgerEntry,
    MarkingRecord,
    MoneyRun,
    Payment,
    PaymentBatch,
    RateChange,
    Recovery,
    ResultFile,
    ResultLine,
)
from cp2.audit.models import Change
from cp2.broadcasts.models import Broadcast, Recipient
from cp2.filters.models import SavedView
from cp2.opening.models import Opening
from cp2.protection.models import Breach, DataRequest, Dossier
from cp2.rights.models import PowerChange, RateProposal, RatesSeen
from cp2.runs.models import Run
from cp2.transfers.models import Export, Import
from deployments.models import (
    AllocationRun,
    Deployment,
    FairnessReport,
    Letter,
    LetterPack,
    Proposal,
    Recount,
    Unplaced,
    Waiver,
    WaiverUse,
)
from enquiries.models import Attachment, Enquiry, Note, Reply
from profiles.models import (
    ImportLine,
    Interest,
    NumberChange,
    Officer,
    Paper,
    RegisterCheck,
    RegisterEntry,
    RegisterImport,
)
from sms.models import InboundMessage, Message
from vacancies.models import VacancyFile

Model = type[models.Model]
Edge = tuple[Model, str]

# Of what points to an account, these belong to whoever has it; all else must be decided about.
OF_THE_ACCOUNT: set[Edge] = {
    (Officer, "user"),
    (Session, "user"),
    (RecoveryCode, "user"),
    (DataRequest, "subject"),
    (TOTPDevice, "user"),
}

IN_OFFICE = "What somebody did in their office is about the other person, and in that one's data."
THE_SAME_ROW = "The row is there already, as the officer's own."
NOT_DECIDED = (
    "What an office thinks of doing is told to nobody before it is decided; what comes of it is a "
    "deployment, which is given."
)
IN_THE_MARK = "What comes of an amendment stands in the mark, which is given."
LOOKED_INTO = (
    "What an office looks into is told to nobody before something comes of it, which is then an "
    "amendment of the mark."
)
AMONG_STAFF = (
    "What those who answer note to each other on the way; what comes of it is the reply, which is "
    "given."
)
IN_THE_PAYMENT = "What the channel said of a payment stands in the payment, which is given."
# Why these are not followed.
NOT_FOLLOWED: dict[Edge, str] = {
    (Entry, "actor"): "The trail is taken by what it is about, and an officer's own acts with it.",
    (Change, "actor"): "The history is taken by what it is about.",
    (LogEntry, "user"): IN_OFFICE,
    (SavedView, "owner"): "How headquarters looks at its lists says nothing of who keeps it.",
    (NumberChange, "decided_by"): IN_OFFICE,
    (Interest, "recorded_by"): IN_OFFICE,
    (Waiver, "granted_by"): IN_OFFICE,
    (Waiver, "withdrawn_by"): IN_OFFICE,
    (WaiverUse, "deployment"): THE_SAME_ROW,
    (Mark, "marked_by"): IN_OFFICE,
    (Mark, "amendment"): IN_THE_MARK,
    (Amendment, "asked_by"): IN_OFFICE,
    (Amendment, "decided_by"): IN_OFFICE,
    (AmendmentLine, "deployment"): IN_THE_MARK,
    (MarkHistory, "marked_by"): IN_OFFICE,
    (MarkHistory, "amendment"): IN_THE_MARK,
    (SecondLook, "deployment"): LOOKED_INTO,
    (SecondLook, "amendment"): IN_THE_MARK,
    (SecondLook, "looked_by"): IN_OFFICE,
    (RegisterCopy, "sent_by"): IN_OFFICE,
    (RegisterReturn, "stamped_by"): IN_OFFICE,
    (CentreReport, "reported_by"): IN_OFFICE,
    (CentreReport, "settled_by"): IN_OFFICE,
    (Handover, "taken_by"): "It is of whoever wrote it, and in that one's data.",
    (RegisterReturn, "received_by"): IN_OFFICE,
    (AllocationRun, "started_by"): IN_OFFICE,
    (LetterPack, "asked_by"): IN_OFFICE,
    (AllocationRun, "confirmed_by"): IN_OFFICE,
    (Proposal, "decided_by"): IN_OFFICE,
    (Proposal, "officer"): NOT_DECIDED,
    (Proposal, "application"): NOT_DECIDED,
    (Proposal, "deployment"): NOT_DECIDED,
    (Unplaced, "officer"): NOT_DECIDED,
    (Unplaced, "application"): NOT_DECIDED,
    (FairnessReport, "asked_by"): IN_OFFICE,
    (Recount, "asked_by"): IN_OFFICE,
    (Claim, "verified_by"): IN_OFFICE,
    (Claim, "approved_by"): IN_OFFICE,
    (Hold, "raised_by"): IN_OFFICE,
    (Hold, "cleared_by"): IN_OFFICE,
    (GhostSignal, "claim"): LOOKED_INTO,
    (GhostSignal, "looked_by"): IN_OFFICE,
    (Investigation, "opened_by"): IN_OFFICE,
    (Investigation, "closed_by"): IN_OFFICE,
    (PaymentBatch, "prepared_by"): IN_OFFICE,
    (PaymentBatch, "approved_by"): IN_OFFICE,
    (MoneyRun, "started_by"): IN_OFFICE,
    (Run, "started_by"): IN_OFFICE,
    (DataRequest, "written_by"): IN_OFFICE,
    (DataRequest, "decided_by"): IN_OFFICE,
    (Dossier, "asked_by"): IN_OFFICE,
    (Dossier, "request"): "It holds what this file holds, and its request is given.",
    (Breach, "account"): IN_OFFICE,
    (Breach, "opened_by"): IN_OFFICE,
    (Broadcast, "prepared_by"): IN_OFFICE,
    (Broadcast, "approved_by"): IN_OFFICE,
    (Recipient, "user"): "Whom a text to many was meant for; the texts themselves are given.",
    (Opening, "begun_by"): IN_OFFICE,
    (Opening, "opened_by"): IN_OFFICE,
    (Import, "uploaded_by"): IN_OFFICE,
    (Import, "decided_by"): IN_OFFICE,
    (Export, "asked_by"): IN_OFFICE,
    (RateChange, "by"): IN_OFFICE,
    (MarkingRecord, "by"): IN_OFFICE,
    (LedgerEntry, "by"): IN_OFFICE,
    (AuditSample, "drawn_by"): IN_OFFICE,
    (ResultFile, "uploaded_by"): IN_OFFICE,
    (ResultFile, "applied_by"): IN_OFFICE,
    (ResultLine, "payment"): IN_THE_PAYMENT,
    (RegisterCheck, "accepted_by"): IN_OFFICE,
    (RegisterImport, "uploaded_by"): IN_OFFICE,
    (RegisterImport, "decided_by"): IN_OFFICE,
    (VacancyFile, "by"): IN_OFFICE,
    (Reply, "by"): "Replies are taken with the enquiry that they belong to.",
    (Attachment, "by"): "Files are taken with the enquiry that they belong to.",
    (Attachment, "reply"): THE_SAME_ROW,
    (Enquiry, "claim"): THE_SAME_ROW,
    (Enquiry, "taken_by"): IN_OFFICE,
    (Note, "enquiry"): AMONG_STAFF,
    (Note, "by"): IN_OFFICE,
    (
        PowerChange,
        "subject",
    ): "It is of headquarters and directors, and in the trail, which is given.",
    (PowerChange, "proposed_by"): IN_OFFICE,
    (PowerChange, "decided_by"): IN_OFFICE,
    (RateProposal, "proposed_by"): IN_OFFICE,
    (RateProposal, "decided_by"): IN_OFFICE,
    (RatesSeen, "seen_by"): IN_OFFICE,
    (Officer, "merged_into"): "Closed accounts of the same person are taken as their own.",
    (Paper, "qualification"): THE_SAME_ROW,
    (Deployment, "application"): THE_SAME_ROW,
    (Deployment, "replaces"): "Who served before or after is another person, or the same row.",
    (Mark, "deployment"): THE_SAME_ROW,
    (ClaimLine, "deployment"): THE_SAME_ROW,
    (Claim, "adjusts"): THE_SAME_ROW,
    (Recovery, "payment"): THE_SAME_ROW,
    (LedgerEntry, "reverses"): THE_SAME_ROW,
}

# Tied to a person by a number or a name of the row, not by a relation; gather.py finds them.
BY_VALUE: set[Model] = {Message, InboundMessage, Entry, Change}

# How a field is called that holds somebody's number; and the tables that have such a field but are
# tied to nobody's account.
NUMBER = re.compile(r"phone|national_id|kra_pin|tsc_number|^to$|^sender$|payee")
NOT_TIED: dict[Model, str] = {
    RegisterEntry: "A line of an agency's register is nobody's until it is compared; whoever "
    "typed another's number would read that person's name.",
    CentrePhone: "A number that a centre gave for its texts; it names nobody.",
    ImportLine: "A line on its way into a register, which is gone when the import is over.",
}

# What a field holds that opens something. A word in its name is enough, so that a new one is safe
# before anybody thinks of it.
SECRET = re.compile(
    r"password|hash|digest|secret|token|session_|(^|_)key$|issued_earlier|throttling"
)
MACHINES = "It says how our machines handled the row, and nothing about a person."
HANDLING = {
    "attempts", "deaths", "doubts", "not_before", "lease_until", "handed_at", "dedupe_key",
    "provider_id", "sha256", "announced_in", "scan_after", "seen",
}  # fmt: skip
# Fields that are not handed out, with the reason.
WITHHELD: dict[Edge, str] = {
    (Entry, "details"): "They may name other people; what was done, when and by whom is given.",
    (Entry, "acting_name"): "The name of another person, who used a centre's account.",
    (Change, "through"): MACHINES,
    (Mark, "acting_name"): "The name of another person; the centre that marked is given.",
    (MarkHistory, "acting_name"): "The name of another person; the account that marked is given.",
    (Message, "context"): MACHINES,
    (Message, "cost"): "What the network asked of us.",
    (NumberChange, "reference"): "It opens the page on which a code is typed.",
    (CentreReport, "acting_name"): "The name of another person; the centre that reported is given.",
    (Handover, "invigilators"): "The names of other people.",
    (Payment, "batch"): "A batch holds the payments of many; this one is given in full.",
    (Paper, "name"): "Given with the file.",
    (Paper, "type"): "Given with the file.",
    (Attachment, "name"): "Given with the file.",
    (Attachment, "type"): "Given with the file.",
    (Letter, "failure"): MACHINES,
    (TOTPDevice, "last_t"): MACHINES,
    (TOTPDevice, "drift"): MACHINES,
    (TOTPDevice, "step"): MACHINES,
    (TOTPDevice, "t0"): MACHINES,
    (TOTPDevice, "digits"): MACHINES,
    (TOTPDevice, "tolerance"): MACHINES,
}


@dataclass(frozen=True)
class Part:
    """A table with rows about somebody; `owner` leads from such a row towards the account."""

    model: Model
    owner: str
    of: Model | None

    @property
    def path(self) -> str:
        """From a row to its account, as a filter has it."""
        if self.of is None:
            return "pk"
        return self.owner if self.of is User else f"{self.owner}__{parts()[self.of].path}"


def edges() -> Iterator[tuple[Model, str, Model]]:
    """Every relation there is: model, field, and what it points to."""
    for model in apps.get_models(include_auto_created=True):
        if not model._meta.proxy:
            yield from edges_of(model)


def edges_of(model: Model) -> Iterator[tuple[Model, str, Model]]:
    for field in model._meta.concrete_fields:
        target = field.related_model
        if isinstance(target, type) and issubclass(target, models.Model):
            yield model, field.name, target._meta.concrete_model or target


@cache
def parts() -> dict[Model, Part]:
    """From the account outwards, what is nearest to it first: a mark is the officer's before it is
    the deployment's."""
    everywhere = list(edges())
    found: dict[Model, Part] = {User: Part(User, "pk", None)}
    waiting: list[Model] = [User]
    while waiting:
        target = waiting.pop(0)
        for model, name, points_to in everywhere:
            if points_to is target and model not in found and is_followed(model, name, target):
                found[model] = Part(model, name, target)
                waiting.append(model)
    return found


def is_followed(model: Model, name: str, target: Model) -> bool:
    if model._meta.auto_created or (model, name) in NOT_FOLLOWED:
        return False
    return target is not User or (model, name) in OF_THE_ACCOUNT


def undecided(candidates: Iterable[tuple[Model, str, Model]] | None = None) -> set[str]:
    """Relations to something about a person that are neither followed nor explained."""
    known = parts()
    return {
        f"{model._meta.label}.{name}"
        for model, name, target in (edges() if candidates is None else candidates)
        if target in known and not _is_decided(model, name, known)
    }


def _is_decided(model: Model, name: str, known: dict[Model, Part]) -> bool:
    if (model, name) in NOT_FOLLOWED:
        return True
    declared_on: Any = model._meta.auto_created
    if declared_on:  # many to many: given with the row on whose side it is declared
        return declared_on in known
    return model in known and known[model].owner == name


def handed_out(model: Model) -> list["models.Field[object, object]"]:
    """The fields of a row that its owner gets."""
    owner = parts()[model].owner if model in parts() else ""
    return [
        field
        for field in (*model._meta.concrete_fields, *model._meta.many_to_many)
        if not is_withheld(model, field.name) and (field.name != owner or field.primary_key)
    ]


def is_withheld(model: Model, name: str) -> bool:
    return name in HANDLING or SECRET.search(name) is not None or (model, name) in WITHHELD
