from django.urls import path

from vacancies import area_views, views

app_name = "vacancies"

urlpatterns = [
    path("vacancies/", views.search, name="search"),
    path("vacancies/<int:pk>/apply/", views.apply, name="apply"),
    path("applications/", views.applications, name="applications"),
    path("applications/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("area/applications/", area_views.area_applications, name="area_applications"),
    path("area/applications/nominate/", area_views.nominate, name="nominate"),
    path("area/applications/nominate-first/", area_views.nominate_first, name="nominate_first"),
    path("area/applications/unsuccessful/", area_views.unsuccessful, name="unsuccessful"),
    path("area/applications/files/", area_views.files, name="area_applications_files"),
]
