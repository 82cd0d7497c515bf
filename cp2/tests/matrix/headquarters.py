"""Who may open which page of headquarters' admin; one line for each model, one for each other page.

    rows("catalogue.exam", look="deployment preparer approver auditor", add="deployment")

reads: these groups see its list, its rows and their history, and the first may add one. The
superuser sees all that there is, so only what else they may do is said. Where nothing is said,
there is no such page. `changes` are those whose form of a row may be saved.
"""

from dataclasses import dataclass
from typing import Any

from cp2.tests.matrix.pages import MAY, NATION, STAFF, page
from cp2.tests.matrix.world import HEADQUARTERS


@dataclass(frozen=True)
class Rows:
    model: str
    look: frozenset[str]
    add: frozenset[str]
    change: frozenset[str]
    delete: frozenset[str]


def rows(model: str, **who: str) -> Rows:
    may = {what: frozenset(who.pop(what, "").split()) for what in ("look", "add", "change")}
    may["delete"] = frozenset(who.pop("delete", "").split())
    assert not who, f"{model}: what is {who}?"
    for names in may.values():
        assert names <= {*HEADQUARTERS}, f"{model}: who is {names - {*HEADQUARTERS}}?"
    may["look"] |= {"superuser"}
    return Rows(model, **may)


ALL = "deployment preparer approver helpdesk auditor administrator"
PLACES = {
    "look": "deployment auditor administrator",
    "add": "deployment superuser",
    "change": "deployment superuser",
}
WRITTEN_BY_THE_HELPDESK = {
    "look": "helpdesk auditor",
    "add": "helpdesk superuser",
    "change": "helpdesk superuser",
}
KNOWN = {
    "look": "deployment auditor administrator",
    "add": "administrator superuser",
    "change": "administrator superuser",
}
RATES = {
    "look": "preparer approver auditor",
    "add": "preparer approver superuser",
    "change": "preparer approver superuser",
}

ADMINISTERED = {
    "look": "administrator auditor",
    "add": "administrator superuser",
    "change": "administrator superuser",
}

MODELS = [
    rows("catalogue.county", **KNOWN),
    rows("catalogue.subcounty", **KNOWN),
    rows("catalogue.dutystation", **PLACES),
    rows(
        "catalogue.exam",
        **PLACES | {"look": "deployment preparer approver auditor administrator"},
    ),
    rows("catalogue.examday", **PLACES, delete="deployment superuser"),
    rows("catalogue.positionterms", **PLACES | {"look": "deployment preparer approver auditor"}),
    rows("catalogue.centreentry", **PLACES),
    rows("catalogue.markingentry", **PLACES),
    rows("catalogue.subject", **KNOWN),
    rows("catalogue.activity", **KNOWN),
    rows("catalogue.position", **KNOWN),
    rows("catalogue.bank", **KNOWN),
    rows("catalogue.bankbranch", **KNOWN),
    rows("profiles.officer", look=ALL),
    rows("profiles.workexperience", look="auditor"),
    rows("profiles.qualification", look="auditor"),
    rows("profiles.examinertraining", look="auditor"),
    rows("profiles.interest", look="deployment auditor", add="deployment superuser"),
    rows("profiles.bankaccount", look="auditor"),
    rows("profiles.nextofkin", look="auditor"),
    rows("profiles.numberchange", look="helpdesk auditor"),
    rows(
        "profiles.registerentry",
        look="deployment auditor",
        add="deployment superuser",
        change="superuser",
    ),
    rows("profiles.registerimport", look="deployment auditor", add="deployment superuser"),
    rows("profiles.registercheck", look="deployment helpdesk auditor"),
    rows(
        "vacancies.vacancy",
        look="deployment auditor",
        add="deployment superuser",
        change="deployment superuser",
    ),
    rows("vacancies.application", look="deployment helpdesk auditor"),
    rows("deployments.post", look="deployment auditor"),
    rows("deployments.fairnessreport", look="deployment auditor"),
    rows("deployments.deployment", look="deployment helpdesk auditor"),
    rows("deployments.waiver", look="deployment auditor", add="deployment superuser"),
    rows("deployments.letter", look="deployment helpdesk auditor"),
    rows(
        "deployments.letterpack",
        look="deployment helpdesk auditor",
        add="deployment superuser",
    ),
    rows(
        "deployments.lettertext",
        look="deployment auditor",
        add="deployment superuser",
        change="deployment superuser",
    ),
    rows("deployments.allocationrun", look="deployment auditor"),
    rows("deployments.proposal", look="deployment auditor"),
    rows("deployments.emptypost", look="deployment auditor"),
    rows("deployments.unplaced", look="deployment auditor"),
    rows(
        "deployments.allocationweights",
        look="deployment auditor",
        add="deployment superuser",
        change="deployment superuser",
    ),
    rows("attendance.register", look="deployment preparer approver auditor"),
    rows("attendance.mark", look="deployment preparer approver auditor"),
    rows("attendance.markhistory", look="deployment preparer approver auditor"),
    rows("attendance.amendment", look="deployment preparer approver auditor"),
    rows("attendance.secondlook", look="deployment auditor"),
    rows(
        "attendance.secondlookrules",
        look="deployment auditor",
        add="deployment superuser",
        change="deployment superuser",
    ),
    rows("attendance.registercopy", look="deployment auditor"),
    rows("attendance.registerreturn", look="deployment auditor"),
    rows("attendance.supervisorreport", look="deployment auditor"),
    rows("attendance.centrereport", look="deployment auditor"),
    rows("attendance.handover", look="deployment auditor"),
    rows("claims.claim", look="preparer approver helpdesk auditor"),
    rows("claims.claimline", look="preparer approver auditor"),
    rows("claims.hold", look="preparer approver helpdesk auditor", add="approver superuser"),
    rows("claims.investigation", look="preparer approver auditor", add="approver superuser"),
    rows("claims.ghostsignal", look="preparer approver auditor"),
    rows("claims.paymentbatch", look="preparer approver auditor"),
    rows("claims.payment", look="preparer approver auditor"),
    rows("claims.moneyrun", look="preparer approver auditor"),
    rows("runs.run", look=ALL),
    rows(
        "protection.datarequest",
        **WRITTEN_BY_THE_HELPDESK | {"look": "administrator helpdesk auditor"},
    ),
    rows("protection.breach", **ADMINISTERED),
    rows(
        "protection.retentionrule",
        look="administrator auditor",
        change="administrator superuser",
    ),
    rows("protection.processor", **ADMINISTERED),
    rows(
        "broadcasts.broadcast",
        look="administrator deployment helpdesk auditor",
        add="deployment superuser",
    ),
    rows(
        "opening.holiday",
        look="deployment auditor",
        add="deployment superuser",
        change="deployment superuser",
        delete="deployment superuser",
    ),
    rows("claims.ledgerentry", look="preparer approver auditor"),
    rows("claims.resultfile", look="preparer approver auditor", add="preparer superuser"),
    rows("claims.taxrule", **RATES),
    rows("claims.ratechange", **RATES),
    rows("claims.markingrate", **RATES),
    rows("claims.markingrecord", look="preparer approver auditor"),
    rows("enquiries.enquiry", look="deployment helpdesk auditor"),
    rows("enquiries.reply", look="deployment helpdesk auditor"),
    rows("enquiries.topic", **WRITTEN_BY_THE_HELPDESK),
    rows("enquiries.enquirypromise", **WRITTEN_BY_THE_HELPDESK),
    rows(
        "enquiries.cannedanswer",
        **WRITTEN_BY_THE_HELPDESK | {"look": "deployment helpdesk auditor"},
    ),
    rows("sms.message", look="deployment helpdesk auditor"),
    rows("sms.inboundmessage", look="helpdesk auditor"),
    rows("sms.receipt", look="helpdesk auditor"),
    rows(
        "accounts.user",
        look="deployment helpdesk auditor administrator",
        add="administrator superuser",
        change="administrator superuser",
    ),
    rows("accounts.entry", look="auditor"),
    rows("audit.change", look="auditor"),
    rows("audit.seal", look="auditor"),
    rows("auth.group", look="auditor administrator"),
    rows("rights.powerchange", look="auditor administrator"),
    rows("rights.rateproposal", look="deployment preparer approver auditor"),
    rows(
        "limits.limit",
        look="deployment helpdesk auditor administrator",
        change="deployment administrator superuser",
    ),
]


def of(groups: str) -> dict[str, Any]:
    return dict.fromkeys([*groups.split(), "superuser"], MAY)


# What stands beside the models' own pages
PAGES = [
    page("admin:index", who=STAFF),
    page("admin:picture", who=STAFF),
    page("admin:login", who=STAFF),
    page("admin:logout", who=STAFF, posted=True),
    page("admin:password_change", who=STAFF),
    page("admin:password_change_done", who=STAFF),
    page("admin:jsi18n", who=STAFF),
    page("admin:autocomplete", who=STAFF, answers=(404,)),
    page("admin:view_on_site", "'1", "'1"),
    page("admin:app_list", "'sms", who=of("deployment helpdesk auditor")),
    page("admin:app_list", "'accounts", who=of("deployment helpdesk auditor administrator")),
    page(
        "admin:app_list",
        "'catalogue",
        who=of("deployment preparer approver auditor administrator"),
    ),
    page("admin:app_list", "'profiles", who=of(ALL)),
    page("admin:app_list", "'claims", who=of("preparer approver helpdesk auditor")),
    page("admin:health", who=of("administrator auditor")),
    page("admin:merge_find", "officer.pk", who=of("administrator")),
    page("admin:merge", "officer.pk", "guard.pk", who=of("administrator")),
    # those who see rates alone are led on to them
    page(
        "admin:rights_matrix",
        who=of("auditor administrator deployment preparer approver"),
    ),
    page(
        "admin:rights_files",
        "'people",
        who=of("auditor administrator"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:rights_looks", who=of("auditor administrator")),
    page(
        "admin:rights_looks_files",
        who=of("auditor administrator"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:rights_powerchange_decide",
        "power.pk",
        who=of("administrator"),
        posted=True,
        sends={"act": "'confirm"},
    ),
    page(
        "admin:rights_rateproposal_decide",
        "rate.pk",
        who=of("approver"),
        posted=True,
        sends={"act": "'confirm"},
    ),
    page("admin:rights_rates", who=of("deployment preparer approver auditor")),
    page("admin:rights_rates_of", "exam.pk", who=of("deployment preparer approver auditor")),
    page("admin:profiles_officer_story", "officer.pk", who=of(ALL)),
    page("admin:filters_view", "view.pk", who=of(ALL)),
    page("admin:filters_delete", "view.pk", posted=True, helpdesk=MAY),  # whose it is
    page(
        "admin:filters_save",
        "'profiles.officer",
        who=of(ALL),
        posted=True,
        sends={"name": "'To vet", "query": "'o=1"},
    ),
    page("admin:sms_picture", who=of("deployment helpdesk auditor")),
    page("admin:sms_phone", who=of("helpdesk auditor")),
    page(
        "admin:sms_phone_password",
        who=of("helpdesk"),
        posted=True,
        sends={"phone": "officer.phone"},
    ),
    page("admin:sms_phone_send_again", "message.pk", who=of("helpdesk"), posted=True),
    page("admin:profiles_registerimport_begin", "coming.pk", who=of("deployment"), posted=True),
    page("admin:profiles_registerimport_discard", "coming.pk", who=of("deployment"), posted=True),
    page("admin:vacancies_open", who=of("deployment")),
    page("admin:vacancies_window", who=of("deployment")),
    page("admin:vacancies_send", who=of("deployment")),
    page("admin:vacancies_sent", "vacancy_file.pk", deployment=NATION),
    page("admin:vacancies_applicants", who=of("deployment auditor")),
    page("admin:vacancies_files", "'csv", who=of("deployment auditor")),
    page("admin:deployments_post_compute", who=of("deployment")),
    page("admin:deployments_lettertext_preview", "text.pk", who=of("deployment auditor")),
    page("admin:deployments_lettertext_pdf", "text.pk", who=of("deployment auditor")),
    page("admin:deployments_lettertext_publish", "text.pk", who=of("deployment")),
    page("admin:deployments_post_deploy", "post.pk", who=of("deployment")),
    page(
        "admin:deployments_waivers_files",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:deployments_post_files",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:attendance_secondlook_files",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:catalogue_markingentry_send", who=of("deployment")),
    page("admin:catalogue_sittings", who=of("deployment")),
    page("admin:attendance_register_today", who=of("deployment preparer approver auditor")),
    page(
        "admin:attendance_register_today_files",
        who=of("deployment preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:deployments_allocation_start", who=of("deployment")),
    page("admin:deployments_allocation", "nation_run.pk", who=of("deployment auditor")),
    page(
        "admin:deployments_allocation_confirm", "nation_run.pk", who=of("deployment"), posted=True
    ),
    page("admin:deployments_allocation_again", "nation_run.pk", who=of("deployment"), posted=True),
    page("admin:deployments_allocation_cancel", "nation_run.pk", who=of("deployment"), posted=True),
    page(
        "admin:deployments_deployment_files",
        who=of("deployment helpdesk auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:deployments_fairnessreport_ask", who=of("deployment auditor")),
    page(
        "admin:deployments_fairnessreport_files",
        "fairness.pk",
        "'directors",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:attendance_supervisorreport_files",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:attendance_centrereport_files",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:attendance_registerreturn_scan", who=of("deployment")),
    page("admin:audit_trail", who=of("auditor")),
    page(
        "admin:audit_trail_files",
        who=of("auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:audit_seal_verify", who=of("auditor"), posted=True),
    page("admin:claims_money", who=of("preparer approver auditor")),
    page(
        "admin:claims_money_files",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:claims_money_claims", who=of("preparer approver auditor")),
    page("admin:claims_money_find", who=of("preparer approver auditor")),
    page("admin:claims_money_samples", who=of("auditor")),
    page("admin:claims_money_sample", "sample.pk", who=of("auditor")),
    page(
        "admin:claims_money_sample_files",
        "sample.pk",
        who=of("auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:claims_payment_trail", "payment.pk", who=of("preparer approver auditor")),
    page(
        "admin:claims_payment_trail_files",
        "payment.pk",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:claims_claim_trail", "claim.pk", who=of("preparer approver auditor")),
    page(
        "admin:claims_claim_trail_files",
        "claim.pk",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    *(
        page(
            f"admin:enquiries_enquiry_{name}",
            "enquiry.pk",
            who=of("deployment helpdesk"),
            posted=True,
        )
        for name in ("answer", "use_answer", "note", "take", "give_back", "close")
    ),
    page("admin:enquiries_enquiry_statistics", who=of("deployment helpdesk auditor")),
    *(
        page(
            f"admin:enquiries_enquiry_{name}",
            who=of("deployment helpdesk auditor"),
            posted=True,
            sends={"as": "'csv"},
        )
        for name in ("files", "statistics_files")
    ),
    page("admin:claims_claim_prepare", who=of("preparer")),
    page("admin:claims_claim_approve", who=of("approver")),
    page(
        "admin:claims_ledgerentry_files",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:claims_resultfile_lines",
        "results.pk",
        "'failed",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:claims_resultfile_download", "results.pk", who=of("preparer approver auditor")),
    page("admin:claims_resultfile_apply", "results.pk", who=of("preparer"), posted=True),
    page("admin:claims_payment_take_back", "payment.pk", who=of("approver")),
    page("admin:claims_markingrecord_import", who=of("preparer")),
    page("admin:claims_markingrecord_template", who=of("preparer")),
    page("admin:claims_hold_centre", who=of("approver")),
    page(
        "admin:claims_hold_files",
        who=of("preparer approver helpdesk auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:claims_ghostsignal_report", who=of("preparer approver auditor")),
    page("admin:claims_ghostsignal_claim", "claim.pk", who=of("preparer approver auditor")),
    page(
        "admin:claims_ghostsignal_act",
        who=of("preparer approver"),
        posted=True,
        sends={"exam": "claim.exam_id", "claim": "claim.pk"},
    ),
    page(
        "admin:claims_ghostsignal_ask",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"exam": "claim.exam_id"},
    ),
    page(
        "admin:claims_ghostsignal_report_files",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "admin:claims_ghostsignal_files",
        who=of("preparer approver auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:broadcasts_broadcast_write", "broadcast.pk", who=of("deployment")),
    page(
        "admin:broadcasts_broadcast_do",
        "broadcast.pk",
        "'discard",
        posted=True,
        who=of("deployment"),
    ),
    page(
        "admin:broadcasts_broadcast_people",
        "broadcast.pk",
        who=of("administrator deployment helpdesk auditor"),
    ),
    *(
        page(
            f"admin:broadcasts_broadcast_{name}_files",
            "broadcast.pk",
            posted=True,
            who=of("administrator deployment helpdesk auditor"),
            sends={"as": "'csv"},
        )
        for name in ("people", "report")
    ),
    page("admin:opening", who=of("deployment auditor")),
    page("admin:opening_new", who=of("deployment")),
    page("admin:opening_exam", "exam.pk", who=of("deployment auditor")),
    *(
        page(f"admin:opening_{name}", "exam.pk", who=of("deployment auditor"))
        for name in ("days", "terms", "entries", "posts", "letters", "accounts", "check", "open")
    ),
    page(
        "admin:opening_check_files",
        "exam.pk",
        who=of("deployment auditor"),
        posted=True,
        sends={"as": "'csv"},
    ),
    page("admin:runs", who=of(ALL)),
    page("admin:transfers", who=of(ALL)),
    page("admin:transfers_upload", "'stations", who=of("deployment")),
    page("admin:transfers_template", "'stations", "'csv", who=of("deployment")),
    page("admin:transfers_import", "hq_import.pk", who=of("deployment auditor")),
    page("admin:transfers_faults", "hq_import.pk", who=of("deployment")),
    page("admin:transfers_apply", "hq_import.pk", who=of("deployment"), posted=True),
    page("admin:transfers_discard", "hq_import.pk", who=of("deployment"), posted=True),
    page("admin:transfers_export"),
    page("admin:transfers_leaving", "hq_export.pk", deployment=NATION),
    page("admin:transfers_download", "hq_export.pk", deployment=NATION, posted=True),
    page(
        "admin:protection_datarequest_collect", "data_request.pk", posted=True, who=of("helpdesk")
    ),
    page(
        "admin:protection_datarequest_dossier", "data_request.pk", posted=True, who=of("helpdesk")
    ),
    page(
        "admin:protection_retentionrule_run",
        posted=True,
        who=of("administrator"),
        sends={"act": "'dry"},
    ),
    page("admin:protection_breach_look", "breach.pk", who=of("administrator auditor")),
    page("admin:protection_breach_close", "breach.pk", who=of("administrator")),
    page(
        "admin:protection_breach_act",
        "breach.pk",
        posted=True,
        who=of("administrator"),
        sends={"act": "'commissioner"},
    ),
    page(
        "admin:protection_breach_affected",
        "breach.pk",
        posted=True,
        who=of("administrator"),
        sends={"as": "'csv"},
    ),
    page(
        "admin:runs_run_act",
        "hq_run.pk",
        posted=True,
        who=of("deployment administrator"),
        sends={"act": "'cancel"},
    ),
    page(
        "admin:claims_moneyrun_act",
        "money_run.pk",
        posted=True,
        who=of("preparer approver"),
        sends={"act": "'cancel"},
    ),
    page("admin:claims_paymentbatch_new", who=of("preparer")),
    page("admin:claims_paymentbatch_whole", "batch.pk", who=of("preparer approver auditor")),
    page(
        "admin:claims_paymentbatch_decide",
        "batch.pk",
        posted=True,
        sends={"act": "'take_out"},
        who=of("preparer approver"),
    ),
    page("admin:claims_paymentbatch_download", "batch.pk", who=of("preparer")),
    page("admin:claims_paymentbatch_reconcile", "batch.pk", who=of("preparer")),
]
