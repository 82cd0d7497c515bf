"""Batches from before there was a ledger get the entries that what they did amounts to."""

from django.db import migrations

# As of the moments that are known: approved, exported, paid. What failed has no moment of its own.
OPEN = """
WITH before AS (
    SELECT b.* FROM claims_paymentbatch b
    WHERE b.status IN ('approved', 'exported', 'reconciled')
        AND NOT EXISTS (SELECT FROM claims_ledgerentry e WHERE e.batch_id = b.id)
)
INSERT INTO claims_ledgerentry (batch_id, payment_id, debit, credit, amount, note, by_id, at)
SELECT batch_id, payment_id, debit, credit, amount, 'opening', by_id, at
FROM (
    SELECT 1 AS step, p.batch_id, p.id AS payment_id, 'owed' AS debit, 'channel' AS credit,
        p.amount, before.approved_by_id AS by_id, before.approved_at AS at
    FROM claims_payment p JOIN before ON before.id = p.batch_id
    UNION ALL
    SELECT 2, p.batch_id, p.id, 'channel', CASE p.status WHEN 'paid' THEN 'paid' ELSE 'owed' END,
        p.amount, NULL, coalesce(c.paid_at, before.exported_at, now())
    FROM claims_payment p
    JOIN before ON before.id = p.batch_id
    LEFT JOIN claims_claim c ON c.id = p.claim_id AND p.status = 'paid'
    WHERE p.status IN ('paid', 'failed', 'cancelled')
) opening
ORDER BY step, payment_id
"""


class Migration(migrations.Migration):
    dependencies = [("claims", "0015_money_counted")]

    operations = [migrations.RunSQL(OPEN, migrations.RunSQL.noop)]
