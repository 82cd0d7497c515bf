from django.urls import path

from claims import views
from claims.money.area_views import area_money

app_name = "claims"

urlpatterns = [
    path("claims/", views.claims, name="list"),
    path("claims/<int:pk>/", views.claim, name="claim"),
    path("claims/<int:pk>/dispute/", views.dispute, name="dispute"),
    path("area/claims/", views.area_claims, name="area_claims"),
    path("area/claims/money/", area_money, name="area_money"),
    path("area/claims/verify/", views.verify, name="verify"),
    path("area/claims/<int:pk>/", views.area_claim, name="area_claim"),
]
