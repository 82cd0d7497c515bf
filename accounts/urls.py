from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("accounts/login/", views.login, name="login"),
    path("accounts/logout/", views.logout, name="logout"),
    path("accounts/code/", views.code, name="code"),
    path("account/", views.account, name="account"),
    path("account/confirm/", views.confirm, name="confirm"),
    path("account/sessions/", views.signed_in, name="sessions"),
    path("accounts/password/forgot/", views.forgot, name="forgot"),
    path("accounts/password/change/", views.change_password, name="change_password"),
]
