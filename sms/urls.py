from django.urls import path

from sms import views

app_name = "sms"

urlpatterns = [
    path("sms/inbound/<str:secret>/", views.inbound, name="inbound"),
    path("sms/delivery/<str:secret>/", views.delivery, name="delivery"),
    path("sms/simulator/", views.phones, name="phones"),
    path("sms/simulator/faults/", views.faults, name="faults"),
    path("sms/simulator/<str:phone>/", views.phone, name="simulator"),
]
