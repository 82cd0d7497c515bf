from datetime import date

from django.urls import path, register_converter

from attendance import area_views, phone_views, register_views, return_views, slip_views, views


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
    path("area/attendance/", area_views.area_attendance, name="area_attendance"),
    path("area/attendance/absent/", area_views.area_absent, name="area_absent"),
    path("area/attendance/<int:register_id>/amend/", area_views.amend, name="amend"),
    path("area/registers/", return_views.area_registers, name="area_registers"),
    path("area/registers/scan/", return_views.scan, name="scan"),
    path("area/registers/stamp/", return_views.stamp_all, name="stamp_all"),
    path("area/centre-passwords/", slip_views.centre_passwords, name="centre_passwords"),
    path("area/registers/<int:return_id>/stamp/", return_views.stamp, name="stamp"),
]
