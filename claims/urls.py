from django.urls import path

from claims import area_views, officer_views
from claims.money.area_views import area_money

app_name = "claims"

urlpatterns = [
    path("area/claims/money/", area_money, name="area_money"),
    path("claims/", officer_views.claims, name="list"),
    path("claims/statement/<int:year>.pdf", officer_views.year_pdf, name="year_pdf"),
    path("claims/<int:pk>/", officer_views.claim, name="claim"),
    path("claims/<int:pk>/statement.pdf", officer_views.statement_pdf, name="statement_pdf"),
    path("claims/<int:pk>/dispute/", officer_views.dispute, name="dispute"),
    path("claims/<int:pk>/dispute/withdraw/", officer_views.withdraw, name="withdraw"),
    path("area/claims/", area_views.area_claims, name="area_claims"),
    path("area/claims/files/", area_views.area_claims_files, name="area_claims_files"),
    path("area/claims/centres/", area_views.area_centres, name="area_centres"),
    path("area/claims/verify/", area_views.verify, name="verify"),
    path("area/claims/verify/all/", area_views.verify_all, name="verify_all"),
    path("area/claims/<int:pk>/", area_views.area_claim, name="area_claim"),
    path("area/claims/<int:pk>/question/", area_views.question, name="question"),
]
