"""What officers ask: a few questions in each sub-county, in every state that one can be in, and
many more of the nation."""

import io
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db.models.expressions import RawSQL
from PIL import Image

from accounts.models import User
from catalogue.models import Exam, Office, SubCounty
from cp2.season import answers
from cp2.season.dates import moment
from cp2.season.rows import run
from deployments.models import Deployment
from enquiries.models import (
    Attachment,
    AttachmentStatus,
    Category,
    Enquiry,
    EnquiryStatus,
    Note,
    Reply,
    Topic,
    Way,
)

DAY = timedelta(days=1)
WEEK = 7  # days, as is promised


@dataclass(frozen=True)
class Asked:
    category: Category
    status: EnquiryStatus
    days_ago: int
    subject: str
    text: str
    topic: str = ""
    reply: str = ""  # of the director; by rule, if `by_rule`
    by_rule: bool = False
    way: Way = Way.PAGE


BY_RULE = (
    "The promised day has passed without an answer from the sub-county, so this is with KNEC "
    "headquarters now."
)
NOT_PAID = "I was deployed, worked and was not paid"
ASKED = [
    Asked(
        Category.PAYMENT,
        EnquiryStatus.OPEN,
        6,
        "I have not been paid yet",
        "The register shows me as present on all days. When will the payment come?",
        topic=NOT_PAID,
    ),
    Asked(
        Category.ATTENDANCE,
        EnquiryStatus.ANSWERED,
        5,
        "Marked absent on the second day",
        "I was at the centre from 06:45 and signed the paper register.",
        topic="I was marked absent but was present",
        reply="The centre manager confirms it. The TSC office will amend the register this week.",
    ),
    Asked(
        Category.DEPLOYMENT,
        EnquiryStatus.CLOSED,
        9,
        "Wrong spelling in my letter",
        "My second name is spelt wrongly in the appointment letter.",
        topic="My letter is missing or wrong",
        reply=(
            "Correct it in your profile; the letter stays valid, since it carries your ID number."
        ),
    ),
    Asked(
        Category.PROFILE,
        EnquiryStatus.ESCALATED,
        3,
        "My line was given to somebody else",
        "I lost my line in September and the number is in use by another person now.",
        topic="My name or number is wrong",
        reply="Whose line it is must be asked of the network, which only headquarters can do.",
    ),
    Asked(
        Category.PAYMENT,
        EnquiryStatus.ESCALATED,
        11,
        "Replaced a colleague who fell ill",
        "I invigilated from the second day on. The centre manager wrote my name by hand.",
        topic="I worked but was not deployed in CP2",
        reply=BY_RULE,
        by_rule=True,
    ),
    Asked(
        Category.PAYMENT,
        EnquiryStatus.ANSWERED,
        8,
        "The name on M-Pesa is my wife's",
        "Is that why nothing has come?",
        topic="My M-Pesa name or number is wrong",
        reply="ready",  # the first ready answer, in the officer's language
    ),
    Asked(
        Category.PAYMENT,
        EnquiryStatus.ESCALATED,
        24,
        "Two days are missing",
        "I was paid for two days less than my colleagues of the same room.",
        topic="I was paid too little",
        reply=BY_RULE,
        by_rule=True,
    ),
    Asked(
        Category.PAYMENT,
        EnquiryStatus.OPEN,
        2,
        "I was not paid for KPSEA and the office is closed",
        "I was not paid for KPSEA and the office is closed",
        topic=NOT_PAID,
        way=Way.TEXT,
    ),
]

LAST_SERVED = """
SELECT id FROM (
    SELECT deployment.id, station.sub_county_id,
        row_number() OVER (PARTITION BY station.sub_county_id ORDER BY deployment.id DESC) AS place
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id AND post.exam_id = %s
    JOIN catalogue_dutystation station ON station.id = post.station_id
    WHERE deployment.answered_at IS NOT NULL
) served
WHERE place <= %s
"""


def ask(exam: Exam, home: SubCounty, today: date, *, further: int = 0) -> None:
    """Of those who served in each sub-county, with the answers of the SCDE; in the first with a
    file and a note as well. And so many more, evenly over all who served."""
    answers.write()
    directors = {user.sub_county_id: user for user in User.objects.filter(office=Office.SCDE)}
    topics = {topic.name_en: topic for topic in Topic.objects.all()}
    served = (
        Deployment.objects.filter(pk__in=RawSQL(LAST_SERVED, [exam.pk, len(ASKED)]))
        .select_related("post__station", "post__position", "officer__user")
        .order_by("post__station__sub_county__county__code", "post__station__sub_county", "-pk")
    )
    asked: Counter[int] = Counter()
    pairs = []
    for deployment in served:
        place = deployment.post.station.sub_county_id
        this = ASKED[asked[place]]
        pairs.append(_ask(this, deployment, exam, directors[place], topics.get(this.topic), today))
        asked[place] += 1
    Enquiry.objects.bulk_create(enquiry for enquiry, _reply in pairs)
    Reply.objects.bulk_create(reply for _enquiry, reply in pairs if reply)
    _of_the_first(home, directors[home.pk], today)
    if further:
        _ask_further(exam, further, today)


def _ask(
    this: Asked,
    deployment: Deployment,
    exam: Exam,
    director: User,
    topic: Topic | None,
    today: date,
) -> tuple[Enquiry, Reply | None]:
    opened = today - DAY * this.days_ago
    escalated = opened + DAY * (WEEK + 1 if this.by_rule else 1)
    answer_by = (
        escalated if this.status == EnquiryStatus.ESCALATED else opened
    ) + DAY * WEEK  # fmt: skip
    is_answered = this.status in (EnquiryStatus.ANSWERED, EnquiryStatus.CLOSED)
    officer = deployment.officer
    enquiry = Enquiry(
        officer=officer,
        sub_county_id=deployment.post.station.sub_county_id,
        exam=exam,
        category=this.category,
        topic=topic,
        full_name=officer.full_name,
        centre_code=deployment.post.station.code,
        position=deployment.post.position.name,
        payee_phone=officer.payee_phone,
        subject=this.subject,
        text=this.text,
        status=this.status,
        way=this.way,
        opened_at=moment(opened, 9),
        answer_by=answer_by,
        first_answered_at=moment(opened + DAY, 11) if is_answered else None,
        closed_at=moment(opened + DAY * 2, 11) if this.status == EnquiryStatus.CLOSED else None,
    )
    if not this.reply:
        return enquiry, None
    ready = answers.ANSWERS[0][4 if officer.user.language == "sw" else 3]
    return enquiry, Reply(
        enquiry=enquiry,
        by=None if this.by_rule else director,
        text=ready if this.reply == "ready" else this.reply,
        at=moment(escalated, 0, 1) if this.by_rule else moment(opened + DAY, 11),
    )


def _of_the_first(home: SubCounty, director: User, today: date) -> None:
    """A photograph of the paper register, a note beside it, and one that the helpdesk has taken."""
    here = Enquiry.objects.filter(sub_county=home).select_related("officer__user").order_by("pk")
    question = here.filter(status=EnquiryStatus.ESCALATED, replies__by=None).first()
    if question is None or question.officer is None:
        return
    picture = io.BytesIO()
    Image.new("RGB", (120, 160), "white").save(picture, "PNG")
    path = default_storage.save("enquiries/00/sample", ContentFile(picture.getvalue()))
    Attachment.objects.create(
        enquiry=question,
        by=question.officer.user,
        file=path,
        name="register.png",
        type="image/png",
        status=AttachmentStatus.CLEAN,
    )
    helpdesk = User.objects.get(username="helpdesk")
    Note.objects.create(
        enquiry=question,
        by=helpdesk,
        text="Asked the TSC office by phone: they look for the letter of the centre manager.",
        at=moment(today - DAY, 15),
    )
    Enquiry.objects.filter(pk=question.pk).update(
        taken_by=helpdesk, taken_at=moment(today - DAY, 14, 50)
    )


FURTHER = """
INSERT INTO enquiries_enquiry (
    officer_id, sub_county_id, exam_id, category, topic_id, full_name, centre_code, position,
    payee_phone, subject, text, status, way, opened_at, answer_by, first_answered_at, closed_at
)
WITH served AS (
    SELECT deployment.officer_id, station.sub_county_id, station.code, position.name AS position,
        row_number() OVER (ORDER BY deployment.id) AS number, count(*) OVER () AS all_of_them
    FROM deployments_deployment deployment
    JOIN deployments_post post ON post.id = deployment.post_id AND post.exam_id = %(exam)s
    JOIN catalogue_dutystation station ON station.id = post.station_id
    JOIN catalogue_position position ON position.id = post.position_id
    WHERE deployment.answered_at IS NOT NULL
), chosen AS (
    -- evenly: those at which the share of the wanted ones gains one more
    SELECT served.*, number * %(wanted)s / all_of_them AS place FROM served
    WHERE number * %(wanted)s / all_of_them > (number - 1) * %(wanted)s / all_of_them
), asked AS (
    SELECT * FROM unnest(
        %(categories)s::text[], %(topics)s::bigint[], %(subjects)s::text[], %(texts)s::text[],
        %(statuses)s::text[], %(days)s::int[], %(ways)s::text[]
    ) WITH ORDINALITY AS these (category, topic, subject, text, status, days, way, kind)
), dated AS (
    SELECT chosen.*, asked.*,
        %(today)s::date - CASE asked.status
            WHEN 'open' THEN 1 + place %% (%(week)s - 1)
            WHEN 'escalated' THEN %(week)s + 1 + place %% 20
            ELSE asked.days + place %% 60 END::int AS opened
    FROM chosen JOIN asked ON asked.kind = 1 + place %% %(kinds)s
)
SELECT dated.officer_id, dated.sub_county_id, %(exam)s, category, topic, officer.full_name, code,
    dated.position, officer.payee_phone, subject, text, status, way,
    (opened + interval '9 hours') AT TIME ZONE 'Africa/Nairobi',
    opened + CASE status WHEN 'escalated' THEN 2 * %(week)s + 1 ELSE %(week)s END,
    CASE WHEN status IN ('answered', 'closed') THEN
        (opened + interval '13 hours' + place %% 90 * interval '1 hour')
            AT TIME ZONE 'Africa/Nairobi' END,
    CASE status WHEN 'closed' THEN
        (opened + interval '37 hours' + place %% 90 * interval '1 hour')
            AT TIME ZONE 'Africa/Nairobi' END
FROM dated JOIN profiles_officer officer ON officer.id = dated.officer_id
ORDER BY dated.number
"""
FURTHER_REPLIES = """
INSERT INTO enquiries_reply (enquiry_id, by_id, text, at)
SELECT enquiry.id, CASE WHEN enquiry.status <> 'escalated' THEN director.id END,
    CASE WHEN enquiry.status = 'escalated' THEN %(by_rule)s ELSE answered.reply END,
    coalesce(enquiry.first_answered_at, enquiry.opened_at + (%(week)s + 1) * interval '1 day')
FROM enquiries_enquiry enquiry
JOIN unnest(%(subjects)s::text[], %(replies)s::text[]) AS answered (subject, reply)
    ON answered.subject = enquiry.subject
JOIN accounts_user director
    ON director.sub_county_id = enquiry.sub_county_id AND director.office = 'scde'
WHERE enquiry.status <> 'open'
    AND NOT EXISTS (SELECT FROM enquiries_reply reply WHERE reply.enquiry_id = enquiry.id)
ORDER BY enquiry.id
"""


def _ask_further(exam: Exam, wanted: int, today: date) -> None:
    topics = dict(Topic.objects.values_list("name_en", "pk"))
    subjects = [this.subject for this in ASKED]
    run(
        FURTHER,
        exam=exam.pk,
        wanted=wanted,
        today=today,
        week=WEEK,
        kinds=len(ASKED),
        categories=[str(this.category) for this in ASKED],
        topics=[topics.get(this.topic) for this in ASKED],
        subjects=subjects,
        texts=[this.text for this in ASKED],
        statuses=[str(this.status) for this in ASKED],
        days=[this.days_ago for this in ASKED],
        ways=[str(this.way) for this in ASKED],
    )
    ready = answers.ANSWERS[0][3]
    run(
        FURTHER_REPLIES,
        by_rule=BY_RULE,
        week=WEEK,
        subjects=subjects,
        replies=[ready if this.reply == "ready" else this.reply or BY_RULE for this in ASKED],
    )
