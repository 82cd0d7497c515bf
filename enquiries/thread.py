"""A question and what was said about it, as every page shows it."""

from collections import defaultdict
from typing import Any

from accounts.models import User
from enquiries.models import Attachment, Enquiry


def thread(enquiry: Enquiry, user: User) -> dict[str, Any]:
    """Each reply with its files, of which those that the reader may fetch have a link."""
    files: dict[int | None, list[Any]] = defaultdict(list)
    attachments: list[Any] = list(enquiry.attachments.all())
    readable = (
        set(Attachment.objects.open_to(user).filter(enquiry=enquiry).values_list("pk", flat=True))
        if attachments
        else set()
    )
    for attachment in attachments:
        attachment.may_be_fetched = attachment.pk in readable
        files[attachment.reply_id].append(attachment)
    replies: list[Any] = list(enquiry.replies.select_related("by"))
    for reply in replies:
        reply.files = files[reply.pk]
    return {
        "enquiry": enquiry,
        "files": files[None],
        "replies": replies,
        "last": replies[-1].pk if replies else 0,
    }
