"""Every officer held against the registers, in a few statements; some settled by a director."""

from accounts.services import record_each
from catalogue.models import Office
from cp2.rules import Role
from cp2.season.rows import analyze, run
from profiles import checks
from profiles.models import Register, RegisterCheck, RegisterEntry

# As profiles.checks finds it for the names that the sample registers have: the officer's own, or
# the first of them with a Wambua who is nobody's relation.
CHECK = """
INSERT INTO profiles_registercheck (officer_id, register, outcome, fields, seen, reason)
SELECT o.id, '{register}',
    CASE WHEN e.id IS NULL THEN 'not_found' WHEN e.name = o.full_name THEN 'verified'
        ELSE 'mismatch' END,
    CASE WHEN e.id IS NULL THEN ARRAY['{number}'] WHEN e.name = o.full_name THEN '{{}}'
        ELSE ARRAY['full_name'] END,
    {seen}, ''
{where_changed}
ORDER BY o.id
"""
REASON = "Married since: I have seen the ID card and the certificate."
# One in a hundred of those that differ, where the sub-county has a director.
SETTLE = """
UPDATE profiles_registercheck c
SET accepted_by_id = d.id, accepted_at = now(), reason = %(reason)s
FROM (
    SELECT id, officer_id, row_number() OVER (ORDER BY id) AS place
    FROM profiles_registercheck WHERE outcome = 'mismatch'
) differing
JOIN profiles_officer o ON o.id = differing.officer_id AND o.submitted_at IS NOT NULL
JOIN accounts_user d ON d.sub_county_id = o.sub_county_id AND d.role = %(role)s
    AND d.office = %(office)s
WHERE c.id = differing.id AND differing.place %% 100 = 2
"""


def check() -> None:
    analyze(RegisterEntry)
    for register in Register:
        run(checks.statement(CHECK, register).replace("%", "%%"))
    run(SETTLE, reason=REASON, role=Role.DIRECTOR, office=Office.TSC)
    settled = RegisterCheck.objects.exclude(accepted_by=None).order_by("pk")
    for one in settled.select_related("officer", "accepted_by"):
        record_each(
            "identity.accepted",
            [(one.officer, {"register": one.register, "reason": REASON})],
            by=one.accepted_by,
        )
    analyze(RegisterCheck)
