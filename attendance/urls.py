from datetime import date

from django.urls import path, register_converter

from attendance import (
    amend_views,
    centre_report_views,
    copy_views,
    handover_views,
    phone_views,
    register_views,
    report_views,
    return_views,
    second_look_views,
    slip_views,
    today_views,
    views,
)


class Day:
    """A day in an address, as 2025-11-03; what is no day is no page."""

    regex = "[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def to_url(self, value: date) -> str:
        return value.isoformat()


register_converter(Day, "day")

app_name = "attendance"

urlpatterns = [
    path("centre/name/", views.acting, name="acting"),
    path("centre/<int:exam_id>/distance/", views.distance, name="distance"),
    path("centre/<int:exam_id>/officers/", views.officers, name="officers"),
    path("centre/<int:exam_id>/officers.csv", views.officers_csv, name="officers_csv"),
    path("centre/<int:exam_id>/officers.pdf", views.officers_pdf, name="officers_pdf"),
    path("centre/<int:exam_id>/register/", register_views.days, name="days"),
    path("centre/<int:exam_id>/register/<day:day>/", register_views.register, name="register"),
    path("centre/<int:exam_id>/register/copy/", copy_views.copy, name="copy"),
    path("centre/<int:exam_id>/register/copies/", copy_views.copies, name="copies"),
    path("centre/<int:exam_id>/register/copies/<int:copy_id>/", copy_views.settle, name="settle"),
    path("reports/", report_views.reports, name="reports"),
    path("reports/<int:pk>/<day:day>/", report_views.report, name="report"),
    path("reports/<int:pk>/handover/", handover_views.handover, name="handover"),
    path("reports/<int:pk>/handover/taken/", handover_views.take_over, name="take_over"),
    path("handovers/<int:pk>/", handover_views.read, name="handover_read"),
    path("handovers/<int:pk>/handover.pdf", handover_views.read_pdf, name="handover_pdf"),
    path("area/reports/handovers/", handover_views.area_handovers, name="area_handovers"),
    path("centre/<int:exam_id>/report/", centre_report_views.report, name="centre_report"),
    path(
        "area/reports/centres/",
        centre_report_views.area_centre_reports,
        name="area_centre_reports",
    ),
    path(
        "area/reports/centres/files/",
        centre_report_views.area_centre_reports_files,
        name="area_centre_reports_files",
    ),
    path("area/reports/centres/<int:pk>/settle/", centre_report_views.settle, name="settle_report"),
    path("centre/<int:exam_id>/reports/", report_views.centre_reports, name="centre_reports"),
    path("area/reports/", report_views.area_reports, name="area_reports"),
    path("area/reports/files/", report_views.area_reports_files, name="area_reports_files"),
    path("centre/<int:exam_id>/register/<day:day>/amend/", amend_views.ask, name="ask_amend"),
    path(
        "centre/<int:exam_id>/amendments/<int:amendment_id>/withdraw/",
        amend_views.withdraw,
        name="withdraw_amend",
    ),
    path("area/attendance/<int:register_id>/amend/", amend_views.amend, name="amend"),
    path(
        "area/attendance/<int:entry_id>/<day:day>/",
        amend_views.area_register,
        name="area_register",
    ),
    path("area/attendance/<int:entry_id>/<day:day>/enter/", amend_views.enter, name="enter"),
    path("area/amendments/", amend_views.area_amendments, name="area_amendments"),
    path("area/amendments/grant/", amend_views.grant_many, name="grant_amends"),
    path("area/amendments/<int:amendment_id>/", amend_views.area_amendment, name="area_amendment"),
    path("area/amendments/<int:amendment_id>/grant/", amend_views.grant, name="grant_amend"),
    path("area/amendments/<int:amendment_id>/refuse/", amend_views.refuse, name="refuse_amend"),
    path("area/second-looks/", second_look_views.area_second_looks, name="area_second_looks"),
    path("area/second-looks/looked/", second_look_views.looked, name="second_looks_had"),
    path("area/second-looks/files/", second_look_views.files, name="second_looks_files"),
    path("area/attendance/", today_views.area_attendance, name="area_attendance"),
    path("area/attendance/files/", today_views.area_attendance_files, name="area_attendance_files"),
    path("area/attendance/absent/", today_views.area_absent, name="area_absent"),
    path("area/attendance/absent/files/", today_views.area_absent_files, name="area_absent_files"),
    path("area/attendance/season/", today_views.area_season, name="area_season"),
    path("area/attendance/season/files/", today_views.area_season_files, name="area_season_files"),
    path("centre/<int:exam_id>/register/sign/", return_views.sign, name="sign"),
    path("centre/<int:exam_id>/register.pdf", return_views.return_pdf, name="return_pdf"),
    path(
        "centre/<int:exam_id>/register/<day:day>/sheet.pdf",
        return_views.sheet_pdf,
        name="sheet_pdf",
    ),
    path("centre/<int:exam_id>/phone/", phone_views.phone, name="phone"),
    path(
        "centre/<int:exam_id>/phone/<int:phone_id>/remove/",
        phone_views.remove_phone,
        name="remove_phone",
    ),
    path("area/registers/", return_views.area_registers, name="area_registers"),
    path("area/registers/scan/", return_views.scan, name="scan"),
    path("area/registers/stamp/", return_views.stamp_all, name="stamp_all"),
    path("area/centre-passwords/", slip_views.centre_passwords, name="centre_passwords"),
    path("area/registers/<int:return_id>/stamp/", return_views.stamp, name="stamp"),
]
