from deployments.models.allocation import AllocationRun, RunStatus
from deployments.models.deployments import Days, Deployment, DeploymentQuerySet
from deployments.models.fairness import FairnessReport, FairnessReportQuerySet, FairnessStatus
from deployments.models.letters import Letter, LetterQuerySet, LetterStatus, LetterText, letter_path
from deployments.models.posts import Post, PostQuerySet
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
    "FairnessReport",
    "FairnessReportQuerySet",
    "FairnessStatus",
    "Letter",
    "LetterQuerySet",
    "LetterStatus",
    "LetterText",
    "Post",
    "PostQuerySet",
    "RunStatus",
    "Waiver",
    "WaiverQuerySet",
    "WaiverUse",
    "letter_path",
]
