from cp2.rights import proposal_admin as proposal_admin
from cp2.rights import rate_admin as rate_admin
from cp2.rights import user_admin as user_admin
