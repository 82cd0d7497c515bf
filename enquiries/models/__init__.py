from enquiries.models.attachments import (
    USABLE,
    WAIT_FOR_THE_SCANNER,
    Attachment,
    AttachmentStatus,
    attachment_path,
)
from enquiries.models.categories import Category
from enquiries.models.enquiries import (
    Enquiry,
    EnquiryQuerySet,
    EnquiryStatus,
    Way,
    in_a_week,
)
from enquiries.models.topics import (
    FEWEST_DAYS,
    MOST_DAYS,
    PROMISED_DAYS,
    CannedAnswer,
    EnquiryPromise,
    Topic,
)
from enquiries.models.words import Note, Reply

__all__ = [
    "FEWEST_DAYS",
    "MOST_DAYS",
    "PROMISED_DAYS",
    "USABLE",
    "WAIT_FOR_THE_SCANNER",
    "Attachment",
    "AttachmentStatus",
    "CannedAnswer",
    "Category",
    "Enquiry",
    "EnquiryPromise",
    "EnquiryQuerySet",
    "EnquiryStatus",
    "Note",
    "Reply",
    "Topic",
    "Way",
    "attachment_path",
    "in_a_week",
]
