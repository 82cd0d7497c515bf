from django.urls import URLPattern, URLResolver, include, path

from profiles import (
    identity_views,
    number_views,
    officer_files,
    paper_views,
    serving_views,
    views,
)
from profiles.models import PaperKind

app_name = "profiles"

work = [
    path("", views.work, name="work"),
    path("add/", views.add_work, name="add_work"),
    path("<int:pk>/", views.change_work, name="change_work"),
    path("<int:pk>/delete/", views.delete_work, name="delete_work"),
]

qualifications = [
    path("", views.qualifications, name="qualifications"),
    path("add/", views.add_qualification, name="add_qualification"),
    path("<int:pk>/", views.change_qualification, name="change_qualification"),
    path("<int:pk>/delete/", views.delete_qualification, name="delete_qualification"),
    path("<int:pk>/certificate/", paper_views.certificate, name="certificate"),
]

trainings = [
    path("", serving_views.trainings, name="trainings"),
    path("add/", serving_views.add_training, name="add_training"),
    path("<int:pk>/delete/", serving_views.delete_training, name="delete_training"),
]

interests = [
    path("", serving_views.interests, name="interests"),
    path("add/", serving_views.add_interest, name="add_interest"),
    path("<int:pk>/delete/", serving_views.delete_interest, name="delete_interest"),
]

papers = [
    path("", paper_views.copies, name="papers"),
    path("front/", paper_views.send_copy, {"kind": PaperKind.ID_FRONT}, name="id_front"),
    path("back/", paper_views.send_copy, {"kind": PaperKind.ID_BACK}, name="id_back"),
    path("<int:pk>/", paper_views.paper, name="paper"),
    path("<int:pk>/delete/", paper_views.delete_paper, name="delete_paper"),
]

profile: list[URLPattern | URLResolver] = [
    path("", views.profile, name="profile"),
    path("personal/", views.personal, name="personal"),
    path("payee/", views.payee, name="payee"),
    path("bank/", views.bank, name="bank"),
    path("next-of-kin/", views.next_of_kin, name="next_of_kin"),
    path("work-experience/", include(work)),
    path("qualifications/", include(qualifications)),
    path("teaching/", serving_views.teaching, name="teaching"),
    path("trainings/", include(trainings)),
    path("interests/", include(interests)),
    path("papers/", include(papers)),
    path("submit/", views.submit, name="submit"),
    path("phone/", number_views.phone, name="phone"),
    path("phone/code/", number_views.phone_code, name="phone_code"),
    path("phone/code/again/", number_views.phone_code_again, name="phone_code_again"),
]

lost = [
    path("", number_views.lost_number, name="lost_number"),
    path("<uuid:reference>/", number_views.lost_number_code, name="lost_number_code"),
    path(
        "<uuid:reference>/again/",
        number_views.lost_number_code_again,
        name="lost_number_code_again",
    ),
]

area_numbers = [
    path("", number_views.area_numbers, name="area_numbers"),
    path("<int:pk>/approve/", number_views.approve_number, name="approve_number"),
    path("<int:pk>/refuse/", number_views.refuse_number, name="refuse_number"),
]

area_identity = [
    path("", identity_views.area_identity, name="area_identity"),
    path("<int:pk>/accept/", identity_views.accept_identity, name="accept_identity"),
]

area = [
    path("", views.area_officers, name="area_officers"),
    path("files/", officer_files.area_officers_files, name="area_officers_files"),
    path("vet/", views.vet_officers, name="vet_officers"),
    path("<int:pk>/", views.area_officer, name="area_officer"),
    path("<int:pk>/vet/", views.vet_officer, name="vet_officer"),
    path("<int:pk>/bar/", views.bar_officer, name="bar_officer"),
    path("<int:pk>/interest/", serving_views.record_interest, name="record_interest"),
]

urlpatterns = [
    path("accounts/register/", views.register, name="register"),
    path("accounts/number/lost/", include(lost)),
    path("profile/", include(profile)),
    path("area/numbers/", include(area_numbers)),
    path("area/identity/", include(area_identity)),
    path("area/officers/", include(area)),
]
