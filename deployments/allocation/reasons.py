"""Why a place stayed empty, and why somebody went without one."""

from enum import StrEnum


class Empty(StrEnum):
    """With a largest flow there is no fourth way: whoever might fill a place and has none would
    have got it."""

    NOBODY_APPLIED = "nobody_applied"
    NOBODY_MAY = "nobody_may"  # the rules forbid it to all who applied
    TOO_FEW = "too_few"  # whoever may serve here is placed elsewhere


class Without(StrEnum):
    RULES = "rules"  # wherever it is
    RULES_HERE = "rules_here"  # at each station that has a free place
    NO_PLACES = "no_places"  # of their position there are none free
    OTHERS = "others"  # the places are taken by officers of more standing
    DRAW = "draw"  # by officers of the same standing, who live nearer or were drawn
