"""Where the texts of a trial portal can be read."""

from django import template
from django.urls import reverse

from sms.backends import simulator

register = template.Library()


@register.simple_tag
def trial_phones() -> str:
    """Nothing on a portal whose texts go to real phones."""
    return reverse("sms:phones") if simulator.is_here() else ""
