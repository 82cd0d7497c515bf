from django.urls import path

from vacancies import alert_views, area_views, officer_views

app_name = "vacancies"

urlpatterns = [
    path("vacancies/", officer_views.search, name="search"),
    path("vacancies/alerts/", alert_views.alerts, name="alerts"),
    path("vacancies/alerts/<int:pk>/remove/", alert_views.remove, name="remove_alert"),
    path("vacancies/<int:pk>/apply/", officer_views.apply, name="apply"),
    path("applications/", officer_views.applications, name="applications"),
    path("applications/<int:pk>/", officer_views.application, name="application"),
    path("applications/<int:pk>/withdraw/", officer_views.withdraw, name="withdraw"),
    path("area/applications/", area_views.area_applications, name="area_applications"),
    path("area/applications/nominate/", area_views.nominate, name="nominate"),
    path("area/applications/nominate-first/", area_views.nominate_first, name="nominate_first"),
    path("area/applications/unsuccessful/", area_views.unsuccessful, name="unsuccessful"),
    path("area/applications/files/", area_views.files, name="area_applications_files"),
]
