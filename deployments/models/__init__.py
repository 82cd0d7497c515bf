from deployments.models.allocation import AllocationRun, RunStatus
from deployments.models.deployments import Days, Deployment, DeploymentQuerySet
from deployments.models.letter_texts import LetterText, LetterTextQuerySet
from deployments.models.letters import Letter, LetterQuerySet, LetterStatus, letter_path
from deployments.models.packs import LetterPack, LetterPackQuerySet, PackStatus
from deployments.models.posts import Post, PostQuerySet, Recount
from deployments.models.statuses import HOLDS_ITS_DAYS, LIVE, MANAGES_THE_CENTRE, DeploymentStatus
from deployments.models.waivers import WAIVABLE, Waiver, WaiverQuerySet, WaiverUse

__all__ = [
    "HOLDS_ITS_DAYS",
    "LIVE",
    "MANAGES_THE_CENTRE",
    "WAIVABLE",
    "AllocationRun",
    "Days",
    "Deployment",
    "DeploymentQuerySet",
    "DeploymentStatus",
    "Letter",
    "LetterPack",
    "LetterPackQuerySet",
    "LetterQuerySet",
    "LetterStatus",
    "LetterText",
    "LetterTextQuerySet",
    "PackStatus",
    "Post",
    "PostQuerySet",
    "Recount",
    "RunStatus",
    "Waiver",
    "WaiverQuerySet",
    "WaiverUse",
    "letter_path",
]
