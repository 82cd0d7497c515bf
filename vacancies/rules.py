"""The rules by which somebody may serve or not, by name: what is said against an officer names its
rule, and headquarters waives one by it."""

from typing import NamedTuple

from django.db import models
from django.utils.translation import gettext_lazy as _


class Rule(models.TextChoices):
    UNSUBMITTED = "unsubmitted", _("The profile is submitted")
    BARRED = "barred", _("The officer is not barred")
    UNVETTED = "unvetted", _("Vetted by headquarters")
    NO_TERMS = "no_terms", _("The exam has terms for the position")
    TSC_EMPLOYMENT = "tsc_employment", _("Employed by the Teachers Service Commission")
    SCHOOL_LEVEL = "school_level", _("Works at a school of the level asked for")
    QUALIFICATION = "qualification", _("Lowest qualification")
    EXPERIENCE = "experience", _("Years of experience")
    AGE = "age", _("Age limit")
    TRAINING = "training", _("Trained as an examiner of the paper")
    SUBJECT = "subject", _("Teaches the subject")
    OWN_SCHOOL = "own_school", _("Not at one's own school")
    NOT_THEIR_SCHOOL = "not_their_school", _("Only at one's own school")
    INTEREST = "interest", _("No interest in the station")
    COOLING_OFF = "cooling_off", _("Not again too soon at the same centre")
    NEEDS = "needs", _("Somebody who meets what the candidates need")
    HOSTING = "hosting", _("No such position at a hosted centre")
    ELSEWHERE = "elsewhere", _("One place at a time")


# Nobody can let these pass: what they guard is the person, the pay or the database's own word.
NEVER_WAIVED = {
    Rule.UNSUBMITTED,
    Rule.BARRED,
    Rule.NO_TERMS,
    Rule.ELSEWHERE,
}
# Those that turn on where somebody is to serve, and so can be waived for one station alone.
OF_A_STATION = {
    Rule.OWN_SCHOOL,
    Rule.NOT_THEIR_SCHOOL,
    Rule.INTEREST,
    Rule.COOLING_OFF,
    Rule.NEEDS,
    Rule.HOSTING,
}


class Objection(NamedTuple):
    """What speaks against an officer: which rule, and the sentence for the office."""

    rule: Rule
    words: str

    def __str__(self) -> str:
        return self.words
