from django.urls import path

from sms import phone_views, views

app_name = "sms"

urlpatterns = [
    path("sms/inbound/<str:secret>/", views.inbound, name="inbound"),
    path("sms/delivery/<str:secret>/", views.delivery, name="delivery"),
    path("sms/simulator/", phone_views.phones, name="phones"),
    path("sms/simulator/faults/", phone_views.faults, name="faults"),
    path("sms/simulator/<str:phone>/", phone_views.phone, name="simulator"),
]
