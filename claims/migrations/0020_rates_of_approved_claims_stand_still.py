"""What approved claims were computed with stands still. A rate may change from a day on, by a row of
its own, and a rule of tax may come where there was none: what that alters, adjustments carry."""

from django.db import migrations

# Takes the exam, the position (of any, where null), the kinds and the rate (any, where null).
RESTS = """
CREATE FUNCTION approved_claims_rest_on(
    its_exam bigint, its_position bigint, kinds text[], its_rate numeric
) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN its_position IS NULL THEN EXISTS (
        SELECT FROM claims_claim
        WHERE exam_id = its_exam AND status IN ('approved', 'paying', 'paid')
    ) ELSE EXISTS (
        SELECT FROM deployments_post p
        JOIN deployments_deployment d ON d.post_id = p.id
        JOIN claims_claimline l ON l.deployment_id = d.id
        JOIN claims_claim c ON c.id = l.claim_id
        WHERE p.exam_id = its_exam AND p.position_id = its_position AND l.kind = ANY (kinds)
            AND (its_rate IS NULL OR l.rate = its_rate)
            AND c.status IN ('approved', 'paying', 'paid')
    ) END
$$;
"""

TERMS = """
CREATE FUNCTION terms_of_approved_claims_stand_still() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (NEW.exam_id, NEW.position_id, NEW.daily_rate, NEW.paid_days)
        IS NOT DISTINCT FROM (OLD.exam_id, OLD.position_id, OLD.daily_rate, OLD.paid_days)
    THEN
        RETURN NEW;
    END IF;
    IF approved_claims_rest_on(OLD.exam_id, OLD.position_id, '{days}', NULL) THEN
        RAISE EXCEPTION 'claims at this rate are approved'
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'terms_of_approved_claims_stand_still';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER terms_of_approved_claims_stand_still BEFORE UPDATE OR DELETE
    ON catalogue_positionterms FOR EACH ROW
    EXECUTE FUNCTION terms_of_approved_claims_stand_still();
"""

CHANGES = """
CREATE FUNCTION rate_of_approved_claims_stands_still() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE terms record;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.terms_id, NEW.from_day, NEW.daily_rate)
        IS NOT DISTINCT FROM (OLD.terms_id, OLD.from_day, OLD.daily_rate)
    THEN
        RETURN NEW;
    END IF;
    SELECT exam_id, position_id INTO terms FROM catalogue_positionterms WHERE id = OLD.terms_id;
    IF approved_claims_rest_on(terms.exam_id, terms.position_id, '{days}', OLD.daily_rate) THEN
        RAISE EXCEPTION 'claims at this rate are approved'
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'rate_of_approved_claims_stands_still';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER rate_of_approved_claims_stands_still BEFORE UPDATE OR DELETE
    ON claims_ratechange FOR EACH ROW EXECUTE FUNCTION rate_of_approved_claims_stands_still();
"""

MARKING = """
CREATE FUNCTION marking_rates_of_approved_claims_stand_still() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF approved_claims_rest_on(
        OLD.exam_id, OLD.position_id, '{coordination,basic,scripts}', NULL
    ) THEN
        RAISE EXCEPTION 'claims at these rates are approved'
            USING ERRCODE = 'check_violation',
                CONSTRAINT = 'marking_rates_of_approved_claims_stand_still';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER marking_rates_of_approved_claims_stand_still_change BEFORE UPDATE
    ON claims_markingrate FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION marking_rates_of_approved_claims_stand_still();
CREATE TRIGGER marking_rates_of_approved_claims_stand_still_delete BEFORE DELETE
    ON claims_markingrate FOR EACH ROW
    EXECUTE FUNCTION marking_rates_of_approved_claims_stand_still();
"""

TAX = """
CREATE FUNCTION tax_of_approved_claims_stands_still() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF approved_claims_rest_on(OLD.exam_id, NULL, '{}', NULL) THEN
        RAISE EXCEPTION 'claims of this exam are approved'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tax_of_approved_claims_stands_still';
    END IF;
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE TRIGGER tax_of_approved_claims_stands_still_change BEFORE UPDATE
    ON claims_taxrule FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION tax_of_approved_claims_stands_still();
CREATE TRIGGER tax_of_approved_claims_stands_still_delete BEFORE DELETE
    ON claims_taxrule FOR EACH ROW EXECUTE FUNCTION tax_of_approved_claims_stands_still();
"""

UNDO = """
DROP TRIGGER tax_of_approved_claims_stands_still_delete ON claims_taxrule;
DROP TRIGGER tax_of_approved_claims_stands_still_change ON claims_taxrule;
DROP FUNCTION tax_of_approved_claims_stands_still;
DROP TRIGGER marking_rates_of_approved_claims_stand_still_delete ON claims_markingrate;
DROP TRIGGER marking_rates_of_approved_claims_stand_still_change ON claims_markingrate;
DROP FUNCTION marking_rates_of_approved_claims_stand_still;
DROP TRIGGER rate_of_approved_claims_stands_still ON claims_ratechange;
DROP FUNCTION rate_of_approved_claims_stands_still;
DROP TRIGGER terms_of_approved_claims_stand_still ON catalogue_positionterms;
DROP FUNCTION terms_of_approved_claims_stand_still;
DROP FUNCTION approved_claims_rest_on;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("claims", "0019_questions_and_disputed_days"),
        ("deployments", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(
            RESTS + TERMS + CHANGES + MARKING + TAX,
            UNDO,
        )
    ]
