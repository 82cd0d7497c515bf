from deployments.models.allocation import (
    AT_WORK,
    OPEN_RUNS,
    AllocationPart,
    AllocationRun,
    AllocationRunQuerySet,
    RunStatus,
    Spill,
    Whose,
)
from deployments.models.deployments import Days, Deployment, DeploymentQuerySet
from deployments.models.fairness import FairnessReport, FairnessReportQuerySet, FairnessStatus
from deployments.models.letter_texts import LetterText, LetterTextQuerySet
from deployments.models.letters import Letter, LetterQuerySet, LetterStatus, letter_path
from deployments.models.packs import LetterPack, LetterPackQuerySet, PackStatus
from deployments.models.posts import Post, PostQuerySet, Recount
from deployments.models.proposals import (
    STANDS,
    EmptyBecause,
    EmptyPost,
    Proposal,
    ProposalQuerySet,
    ProposalStatus,
    Unplaced,
    UnplacedBecause,
)
from deployments.models.statuses import HOLDS_ITS_DAYS, LIVE, MANAGES_THE_CENTRE, DeploymentStatus
from deployments.models.waivers import WAIVABLE, Waiver, WaiverQuerySet, WaiverUse
from deployments.models.weights import AllocationWeights

__all__ = [
    "AT_WORK",
    "HOLDS_ITS_DAYS",
    "LIVE",
    "MANAGES_THE_CENTRE",
    "OPEN_RUNS",
    "STANDS",
    "WAIVABLE",
    "AllocationPart",
    "AllocationRun",
    "AllocationRunQuerySet",
    "AllocationWeights",
    "Days",
    "Deployment",
    "DeploymentQuerySet",
    "DeploymentStatus",
    "EmptyBecause",
    "EmptyPost",
    "FairnessReport",
    "FairnessReportQuerySet",
    "FairnessStatus",
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
    "Proposal",
    "ProposalQuerySet",
    "ProposalStatus",
    "Recount",
    "RunStatus",
    "Spill",
    "Unplaced",
    "UnplacedBecause",
    "Waiver",
    "WaiverQuerySet",
    "WaiverUse",
    "Whose",
    "letter_path",
]
