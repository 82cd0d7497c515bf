"""Who may open which page of the portal, one line a page; headquarters' own are in headquarters.py.

    page("deployments:area_cancel", "deployment.pk", tsc=AREA)

reads: a TSC director may open it for a deployment of their own sub-county. To everybody else, and
for every other deployment, there is no such page; a stranger is asked to sign in. The second word
is what its address names, as a `Place` of world.py has it. A page with several kinds of rows has a
line for each. `sends` is what its form names rows by; `posted` is a page that takes POST alone.
"""

from dataclasses import dataclass, field
from typing import Any

from cp2.tests.matrix.world import EVERYBODY, HEADQUARTERS, PEOPLE, Place, Scope

OWN, AREA, NATION = Scope.OWN, Scope.AREA, Scope.NATION
MAY = Scope.NATION  # where an address names no row


@dataclass(frozen=True)
class Page:
    name: str
    at: tuple[str, ...] = ()
    who: dict[str, Scope] = field(default_factory=dict)
    posted: bool = False
    sends: dict[str, str] = field(default_factory=dict)
    answers: tuple[int, ...] = (200, 302)
    absent: bool = False  # unless configured, for nobody

    def reach(self, who: str) -> Scope:
        return self.who.get(who, Scope.NOWHERE)

    def address(self, place: Place) -> list[Any]:
        return [place.named(each) for each in self.at]

    def form(self, place: Place) -> dict[str, Any]:
        return {name.format(place): place.named(path) for name, path in self.sends.items()}


def page(name: str, *at: str, **more: Any) -> Page:
    settings = {key: more.pop(key) for key in [*more] if key in Page.__annotations__}
    assert more.keys() <= {*EVERYBODY}, f"{name}: who is {more.keys() - {*EVERYBODY}}?"
    return Page(name, at, settings.pop("who", {}) | more, **settings)


ANYBODY = dict.fromkeys(EVERYBODY, MAY)
SIGNED_IN = dict.fromkeys(PEOPLE, MAY)
STAFF = dict.fromkeys(HEADQUARTERS, MAY)
WITH_POWER = {"tsc": MAY, "scde": MAY} | STAFF
READS_OFFICERS = dict.fromkeys(set(HEADQUARTERS) - {"newcomer"}, MAY)
READS_ENQUIRIES = dict.fromkeys(["deployment", "helpdesk", "auditor", "superuser"], MAY)
READS_LETTERS = dict.fromkeys(["deployment", "helpdesk", "auditor", "superuser"], MAY)

PAGES = [
    # Everybody
    page("front", who=ANYBODY),
    page("help", who=ANYBODY),
    page("privacy", who=ANYBODY),
    page("favicon", who=ANYBODY, answers=(301,)),
    page("worker", who=ANYBODY),
    page("manifest", who=ANYBODY),
    page("healthz", who=ANYBODY),
    page("readyz", who=ANYBODY, answers=(503,)),  # no broker in tests
    page("set_language", who=ANYBODY, posted=True, sends={"language": "'sw"}),
    page("accounts:login", who=ANYBODY),
    page("accounts:logout", who=ANYBODY, posted=True),
    page("accounts:forgot", who=ANYBODY),
    page("profiles:register", who=ANYBODY),
    page("profiles:lost_number", who=ANYBODY),
    page("profiles:lost_number_code", "number_change.reference", who=ANYBODY),
    page("profiles:lost_number_code_again", "number_change.reference", who=ANYBODY, posted=True),
    page("deployments:letter_find", who=ANYBODY),
    page("deployments:letter_check", "letter.code", who=ANYBODY),
    # The gateway, which has no account but a secret
    page(
        "sms:inbound",
        "inbound_secret",
        who=ANYBODY,
        posted=True,
        sends={"from": "phone", "to": "'22262", "text": "'STATUS", "id": "'in-2"},
    ),
    page(
        "sms:delivery",
        "delivery_secret",
        who=ANYBODY,
        posted=True,
        sends={"id": "'out-2", "status": "'Success"},
    ),
    # Only where the simulator is the gateway
    page("sms:phones", absent=True),
    page("sms:faults", absent=True, posted=True),
    page("sms:simulator", "phone", absent=True),
    # Whoever is signed in
    page("home", who=SIGNED_IN),
    page("accounts:account", who=SIGNED_IN),
    page("accounts:confirm", who=SIGNED_IN),
    page("accounts:sessions", who=SIGNED_IN),
    page("accounts:change_password", who=SIGNED_IN),
    page("own_data", who=SIGNED_IN),
    page("own_data_file", "'json", who=SIGNED_IN, posted=True),
    page("accounts:code", who=WITH_POWER),
    page("accounts:codes", who=WITH_POWER),
    page("accounts:recovery_codes", who=WITH_POWER),
    page("accounts:move_app", who=WITH_POWER),
    page("accounts:go_on", who=WITH_POWER),
    # The officer
    page("profiles:profile", officer=MAY),
    page("profiles:personal", officer=MAY),
    page("profiles:payee", officer=MAY),
    page("profiles:bank", officer=MAY),
    page("profiles:next_of_kin", officer=MAY),
    page("profiles:work", officer=MAY),
    page("profiles:add_work", officer=MAY),
    page("profiles:change_work", "work.pk", officer=OWN),
    page("profiles:delete_work", "work.pk", officer=OWN),
    page("profiles:teaching", officer=MAY),
    page("profiles:trainings", officer=MAY),
    page("profiles:add_training", officer=MAY),
    page("profiles:delete_training", "training.pk", officer=OWN),
    page("profiles:interests", officer=MAY),
    page("profiles:add_interest", officer=MAY),
    page("profiles:delete_interest", "interest.pk", officer=OWN),
    page("profiles:qualifications", officer=MAY),
    page("profiles:add_qualification", officer=MAY),
    page("profiles:change_qualification", "qualification.pk", officer=OWN),
    page("profiles:delete_qualification", "qualification.pk", officer=OWN),
    page(
        "profiles:certificate",
        "qualification.pk",
        officer=OWN,
        tsc=AREA,
        scde=AREA,
        who=READS_OFFICERS,
    ),
    page("profiles:papers", officer=MAY),
    page("profiles:id_front", officer=MAY),
    page("profiles:id_back", officer=MAY),
    page("profiles:paper", "copy.pk", officer=OWN, tsc=AREA, who=READS_OFFICERS),
    page(
        "profiles:paper",
        "qualification.certificate.pk",
        officer=OWN,
        tsc=AREA,
        scde=AREA,
        who=READS_OFFICERS,
    ),
    page("profiles:delete_paper", "copy.pk", officer=OWN),
    page("profiles:submit", officer=MAY),
    page("accounts:texts", officer=MAY),  # whoever has a phone
    page("profiles:phone", officer=MAY),
    page("profiles:phone_code", officer=MAY),
    page("profiles:phone_code_again", officer=MAY, posted=True),
    page("vacancies:search", officer=MAY, who=STAFF),
    page("vacancies:apply", "vacancy.pk", officer=NATION),
    page("vacancies:alerts", officer=MAY),
    page("vacancies:remove_alert", "alert.pk", officer=OWN, posted=True),
    page("vacancies:applications", officer=MAY),
    page("vacancies:application", "application.pk", officer=OWN),
    page("vacancies:withdraw", "application.pk", officer=OWN),
    page("deployments:list", officer=MAY),
    page("deployments:detail", "deployment.pk", officer=OWN),
    page("deployments:accept", "deployment.pk", officer=OWN),
    page("deployments:reject", "deployment.pk", officer=OWN),
    page(
        "deployments:letter",
        "deployment.pk",
        officer=OWN,
        centre=OWN,
        tsc=AREA,
        scde=AREA,
        who=READS_LETTERS,
    ),
    page("deployments:pack", "pack.pk", centre=OWN, tsc=AREA, scde=AREA, who=READS_LETTERS),
    page("deployments:pack_file", "pack.pk", centre=OWN, tsc=AREA, scde=AREA, who=READS_LETTERS),
    page("attendance:reports", officer=MAY),
    page("attendance:report", "deployment.pk", "today", officer=OWN),
    page("attendance:handover", "handed.deployment.pk", officer=OWN),
    page("attendance:take_over", "handed.deployment.pk", officer=OWN, posted=True),
    page("attendance:handover_read", "handed.pk", officer=OWN, centre=OWN, tsc=AREA, scde=AREA),
    page("attendance:handover_pdf", "handed.pk", officer=OWN, centre=OWN, tsc=AREA, scde=AREA),
    page("claims:list", officer=MAY),
    page("claims:claim", "claim.pk", officer=OWN),
    page("claims:dispute", "claim.pk", officer=OWN),
    page("claims:withdraw", "claim.pk", officer=OWN),
    page("claims:statement_pdf", "claim.pk", officer=OWN),
    page("claims:year_pdf", "'2025", officer=MAY),
    page("enquiries:list", officer=MAY),
    page("enquiries:new", officer=MAY),
    page("enquiries:enquiry", "enquiry.pk", officer=OWN),
    page("enquiries:reply", "enquiry.pk", officer=OWN, posted=True),
    page("enquiries:close", "enquiry.pk", officer=OWN, posted=True),
    page("enquiries:attachment", "attachment.pk", officer=OWN, scde=AREA, who=READS_ENQUIRIES),
    # The centre
    page("centre", centre=MAY),
    page("attendance:acting", centre=MAY),
    page("attendance:distance", "exam.pk", centre=OWN),
    page("attendance:officers", "exam.pk", centre=OWN),
    page("attendance:officers_csv", "exam.pk", centre=OWN),
    page("attendance:officers_pdf", "exam.pk", centre=OWN),
    page("deployments:centre_letters", "exam.pk", centre=OWN),
    page("attendance:days", "exam.pk", centre=OWN),
    page(
        "attendance:register",
        "exam.pk",
        "today",
        centre=OWN,
        sends={"officer_{0.officer.pk}": "'present", "acting_name": "'Barasa Wafula"},
    ),
    page(
        "attendance:ask_amend",
        "exam.pk",
        "today",
        centre=OWN,
        sends={
            "officer_{0.officer.pk}": "'present",
            "acting_name": "'Barasa Wafula",
            "reason": "'Why",
        },
    ),
    page("attendance:withdraw_amend", "exam.pk", "amendment.pk", centre=OWN, posted=True),
    page(
        "attendance:centre_report",
        "exam.pk",
        centre=OWN,
        sends={"kind": "'incident", "day": "today", "text": "'Rain", "acting_name": "'Barasa"},
    ),
    page("attendance:centre_reports", "exam.pk", centre=OWN),
    page("attendance:copy", "exam.pk", centre=OWN),
    page("attendance:copies", "exam.pk", centre=OWN),
    page(
        "attendance:settle",
        "exam.pk",
        "register_copy.pk",
        centre=OWN,
        sends={"officer_{0.officer.pk}": "'take", "acting_name": "'Barasa Wafula"},
    ),
    page("attendance:sign", "exam.pk", centre=OWN),
    page("attendance:return_pdf", "exam.pk", centre=OWN),
    page("attendance:sheet_pdf", "exam.pk", "today", centre=OWN),
    page("attendance:phone", "exam.pk", centre=OWN),
    page("attendance:remove_phone", "exam.pk", "centre_phone.pk", centre=OWN, posted=True),
    # Both directors of a sub-county
    page("area", tsc=MAY, scde=MAY),
    page("profiles:area_officers", tsc=MAY, scde=MAY),
    page("profiles:area_officers_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("profiles:area_officer", "officer.pk", tsc=AREA, scde=AREA),
    page("profiles:area_identity", tsc=MAY, scde=MAY),
    page("vacancies:area_applications", tsc=MAY, scde=MAY),
    page("vacancies:area_applications_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("deployments:area_allocate", tsc=MAY, scde=MAY),
    page("deployments:area_centres", tsc=MAY, scde=MAY),
    page("deployments:area_centre", "station.code", tsc=AREA, scde=AREA),
    page("deployments:area_deployments", tsc=MAY, scde=MAY),
    page("deployments:area_letters", tsc=MAY, scde=MAY),
    page("deployments:area_centres_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page(
        "deployments:area_centre_files",
        "station.code",
        tsc=AREA,
        scde=AREA,
        posted=True,
        sends={"as": "'csv"},
    ),
    page(
        "deployments:area_deployments_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}
    ),
    page("attendance:area_attendance", tsc=MAY, scde=MAY),
    page("attendance:area_attendance_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("attendance:area_absent", tsc=MAY, scde=MAY),
    page("attendance:area_handovers", tsc=MAY, scde=MAY),
    page("attendance:area_centre_reports", tsc=MAY, scde=MAY),
    page(
        "attendance:area_centre_reports_files",
        tsc=MAY,
        scde=MAY,
        posted=True,
        sends={"as": "'csv"},
    ),
    page("attendance:settle_report", "no_show.pk", tsc=AREA, sends={"answer": "'Done"}),
    page("attendance:area_reports", tsc=MAY, scde=MAY),
    page("attendance:area_reports_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("attendance:area_absent_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("attendance:area_season", tsc=MAY, scde=MAY),
    page("attendance:area_season_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("attendance:centre_passwords", tsc=AREA, scde=AREA, sends={"centre": "entry.pk"}),
    page("claims:area_money", tsc=MAY),
    page("claims:area_claims", tsc=MAY, scde=MAY),
    page("claims:area_claim", "claim.pk", tsc=AREA, scde=AREA),
    page("claims:area_claims_files", tsc=MAY, scde=MAY, posted=True, sends={"as": "'csv"}),
    page("claims:area_centres", tsc=MAY, scde=MAY),
    # Each office the positions that it deploys
    page("vacancies:nominate", tsc=AREA, posted=True, sends={"application": "application.pk"}),
    page(
        "vacancies:nominate", scde=AREA, posted=True, sends={"application": "guard_application.pk"}
    ),
    page("vacancies:nominate_first", tsc=AREA, sends={"application": "application.pk"}),
    page("vacancies:nominate_first", scde=AREA, sends={"application": "guard_application.pk"}),
    page(
        "vacancies:unsuccessful",
        tsc=AREA,
        posted=True,
        sends={"application": "application.pk", "reason": "'Why"},
    ),
    page(
        "vacancies:unsuccessful",
        scde=AREA,
        posted=True,
        sends={"application": "guard_application.pk", "reason": "'Why"},
    ),
    page("deployments:area_new", tsc=AREA, sends={"post": "post.pk", "officer": "spare.pk"}),
    page("deployments:area_new", scde=AREA, sends={"post": "guard_post.pk", "officer": "spare.pk"}),
    page(
        "deployments:area_cancel_many",
        tsc=AREA,
        posted=True,
        sends={"deployment": "deployment.pk", "reason": "'Why"},
    ),
    page(
        "deployments:area_cancel_many",
        scde=AREA,
        posted=True,
        sends={"deployment": "guarding.pk", "reason": "'Why"},
    ),
    page("deployments:area_remind", tsc=AREA, posted=True, sends={"deployment": "offer.pk"}),
    page("deployments:area_remind", scde=AREA, posted=True, sends={"deployment": "guard_offer.pk"}),
    page("deployments:area_post", "post.pk", tsc=AREA, sends={"application": "application.pk"}),
    page(
        "deployments:area_post",
        "guard_post.pk",
        scde=AREA,
        sends={"application": "guard_application.pk"},
    ),
    page("deployments:area_fill_now", "post.pk", tsc=AREA, sends={"reason": "'Why"}),
    page("deployments:area_fill_now", "guard_post.pk", scde=AREA, sends={"reason": "'Why"}),
    page("deployments:area_replace_now", "deployment.pk", tsc=AREA, sends={"reason": "'Why"}),
    page("deployments:area_replace_now", "guarding.pk", scde=AREA, sends={"reason": "'Why"}),
    page("deployments:area_rotate", tsc=MAY, scde=MAY),
    page("deployments:area_papers", tsc=MAY, scde=MAY),
    page("deployments:area_cancel", "deployment.pk", tsc=AREA, sends={"reason": "'Why"}),
    page("deployments:area_cancel", "guarding.pk", scde=AREA, sends={"reason": "'Why"}),
    page(
        "deployments:area_redeploy",
        "deployment.pk",
        tsc=AREA,
        sends={"station": "station.pk", "from_day": "today", "reason": "'Why"},
    ),
    page(
        "deployments:area_redeploy",
        "guarding.pk",
        scde=AREA,
        sends={"station": "station.pk", "from_day": "today", "reason": "'Why"},
    ),
    page(
        "deployments:area_replace",
        "deployment.pk",
        tsc=AREA,
        sends={"officer": "spare.pk", "from_day": "today", "reason": "'Why"},
    ),
    page(
        "deployments:area_replace",
        "guarding.pk",
        scde=AREA,
        sends={"officer": "spare.pk", "from_day": "today", "reason": "'Why"},
    ),
    page(
        "deployments:area_swap",
        tsc=AREA,
        sends={
            "first": "own.deployment.pk",
            "second": "deployment.pk",
            "from_day": "today",
            "reason": "'Why",
        },
    ),
    page(
        "deployments:area_swap",
        scde=AREA,
        sends={
            "first": "own.guarding.pk",
            "second": "guarding.pk",
            "from_day": "today",
            "reason": "'Why",
        },
    ),
    page("deployments:area_run", "run.pk", tsc=AREA),
    page("deployments:area_run_unplaced", "run.pk", tsc=AREA),
    page("deployments:area_run_confirm", "run.pk", tsc=AREA),
    page("deployments:area_run_again", "run.pk", tsc=AREA, posted=True),
    page("deployments:area_run_cancel", "run.pk", tsc=AREA, posted=True),
    page(
        "deployments:area_run_files",
        "run.pk",
        tsc=AREA,
        posted=True,
        sends={"as": "'csv"},
    ),
    page("deployments:area_pair", "run.pk", "proposal.pk", tsc=AREA),
    page("deployments:area_run", "guard_run.pk", scde=AREA),
    page("deployments:area_run_unplaced", "guard_run.pk", scde=AREA),
    page("deployments:area_run_confirm", "guard_run.pk", scde=AREA),
    page("deployments:area_run_again", "guard_run.pk", scde=AREA, posted=True),
    page("deployments:area_run_cancel", "guard_run.pk", scde=AREA, posted=True),
    page(
        "deployments:area_run_files",
        "guard_run.pk",
        scde=AREA,
        posted=True,
        sends={"as": "'csv"},
    ),
    page("deployments:area_pair", "guard_run.pk", "guard_proposal.pk", scde=AREA),
    # The TSC's
    page("profiles:area_numbers", tsc=MAY),
    page("profiles:approve_number", "number_change.pk", tsc=AREA),
    page("profiles:refuse_number", "number_change.pk", tsc=AREA),
    page("profiles:vet_officers", tsc=AREA, posted=True, sends={"officer": "spare.pk"}),
    page("profiles:vet_officer", "officer.pk", tsc=AREA, posted=True),
    page("profiles:record_interest", "officer.pk", tsc=AREA, scde=AREA),
    page("profiles:bar_officer", "officer.pk", tsc=AREA),
    page("profiles:accept_identity", "check.pk", tsc=AREA),
    page("attendance:amend", "register.pk", tsc=AREA),
    page("attendance:area_register", "entry.pk", "today", tsc=AREA),
    page("attendance:enter", "entry.pk", "today", tsc=AREA),
    page("attendance:area_amendments", tsc=MAY),
    page("attendance:area_amendment", "amendment.pk", tsc=AREA),
    page("attendance:grant_amends", tsc=AREA, posted=True, sends={"amendment": "amendment.pk"}),
    page("attendance:grant_amend", "amendment.pk", tsc=AREA, posted=True),
    page("attendance:refuse_amend", "amendment.pk", tsc=AREA, sends={"answer": "'Why"}),
    page("attendance:area_second_looks", tsc=MAY),
    page(
        "attendance:second_looks_had",
        tsc=AREA,
        posted=True,
        sends={"look": "look.pk", "note": "'Why"},
    ),
    page("attendance:second_looks_files", tsc=MAY, posted=True, sends={"as": "'csv"}),
    page("claims:verify", tsc=AREA, posted=True, sends={"claim": "claim.pk"}),
    page("claims:verify_all", tsc=MAY),
    page("claims:question", "claim.pk", tsc=AREA, sends={"reason": "'Why"}),
    # The SCDE's
    page("attendance:area_registers", scde=MAY),
    page("attendance:stamp", "signed.pk", scde=AREA, posted=True),
    page("attendance:scan", scde=MAY, posted=True, sends={"codes": "signed.code"}),
    page("attendance:stamp_all", scde=AREA, posted=True, sends={"returns": "signed.pk"}),
    page("enquiries:area_enquiries", scde=MAY),
    page("enquiries:area_enquiry", "enquiry.pk", scde=AREA),
    page("enquiries:area_files", scde=MAY, posted=True, sends={"as": "'csv"}),
    page("enquiries:area_statistics", scde=MAY),
    page("enquiries:area_statistics_files", scde=MAY, posted=True, sends={"as": "'csv"}),
    page("enquiries:answer", "enquiry.pk", scde=AREA, posted=True),
    page("enquiries:use_answer", "enquiry.pk", scde=AREA, posted=True),
    page("enquiries:note", "enquiry.pk", scde=AREA, posted=True),
    page("enquiries:escalate", "enquiry.pk", scde=AREA, posted=True),
]
