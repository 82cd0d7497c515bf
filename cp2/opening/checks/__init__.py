"""All that a dry run asks, in the order of the path."""

from cp2.opening.checks import of_days, of_entries, of_people, of_posts, of_terms
from cp2.opening.checks.base import Check, Found

CHECKS: list[Check] = [
    *of_days.CHECKS,
    *of_terms.CHECKS,
    *of_entries.CHECKS,
    *of_posts.CHECKS,
    *of_people.CHECKS,
]
BY_CODE = {check.code: check for check in CHECKS}

__all__ = ["BY_CODE", "CHECKS", "Check", "Found"]
