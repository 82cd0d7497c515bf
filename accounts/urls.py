from django.urls import path

from accounts import code_views, views

app_name = "accounts"

urlpatterns = [
    path("accounts/login/", views.login, name="login"),
    path("accounts/logout/", views.logout, name="logout"),
    path("account/", views.account, name="account"),
    path("account/confirm/", views.confirm, name="confirm"),
    path("account/texts/", views.texts, name="texts"),
    path("account/sessions/", views.signed_in, name="sessions"),
    path("accounts/code/", code_views.code, name="code"),
    path("accounts/password/forgot/", views.forgot, name="forgot"),
    path("accounts/password/change/", views.change_password, name="change_password"),
    path("account/codes/", code_views.codes_page, name="codes"),
    path("account/codes/recovery/", code_views.recovery_codes, name="recovery_codes"),
    path("account/codes/move/", code_views.move, name="move_app"),
    path("account/codes/go-on/", code_views.go_on, name="go_on"),
]
