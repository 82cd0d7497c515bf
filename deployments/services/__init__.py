"""Who serves where: entitlements, offers and answers, and every change after that.

Locks are taken in one order: officers by number, posts by number, deployments by number. The
officer's lock is what two directors meet at; the exclusion constraints are the last word.
"""

from deployments.services.changes import redeploy, replace, swap
from deployments.services.gate import take_on, take_on_stranger
from deployments.services.offers import (
    accept,
    cancel,
    deploy,
    deploy_all,
    expire_due,
    reject,
    remind_due,
)
from deployments.services.posts import compute_posts, override_post
from deployments.services.recounts import ask_recount, recount_due
from deployments.services.reserve import fill, refill_due
from deployments.services.rotate import rotate
from deployments.services.telling import words

__all__ = [
    "accept",
    "ask_recount",
    "cancel",
    "compute_posts",
    "deploy",
    "deploy_all",
    "expire_due",
    "fill",
    "override_post",
    "recount_due",
    "redeploy",
    "refill_due",
    "reject",
    "remind_due",
    "replace",
    "rotate",
    "swap",
    "take_on",
    "take_on_stranger",
    "words",
]
