from django.contrib import admin
from django.urls import include, path

from accounts.views import set_language
from cp2 import views
from cp2.health import views as health
from cp2.mydata.views import own_data, own_data_file
from cp2.protection.views import rights, withdraw

urlpatterns = [
    path("", views.front, name="front"),
    path("home/", views.home, name="home"),
    path("centre/", views.centre, name="centre"),
    path("area/", views.area, name="area"),
    path("help/", views.help_page, name="help"),
    path("privacy/", views.privacy, name="privacy"),
    path("account/data/", own_data, name="own_data"),
    path("account/data/<slug:kind>/", own_data_file, name="own_data_file"),
    path("account/rights/", rights, name="rights"),
    path("account/rights/<int:pk>/withdraw/", withdraw, name="rights_withdraw"),
    path("language/", set_language, name="set_language"),
    path("sw.js", views.worker, name="worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("sms.urls")),
    path("", include("accounts.urls")),
    path("", include("profiles.urls")),
    path("", include("vacancies.urls")),
    path("", include("deployments.urls")),
    path("", include("attendance.urls")),
    path("", include("claims.urls")),
    path("", include("enquiries.urls")),
]
