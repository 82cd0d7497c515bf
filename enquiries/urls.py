from django.urls import path

from enquiries import views

app_name = "enquiries"

urlpatterns = [
    path("enquiries/", views.enquiries, name="list"),
    path("enquiries/new/", views.new, name="new"),
    path("enquiries/<int:pk>/", views.enquiry, name="enquiry"),
    path("enquiries/<int:pk>/reply/", views.reply, name="reply"),
    path("enquiries/<int:pk>/close/", views.close, name="close"),
    path("area/enquiries/", views.area_enquiries, name="area_enquiries"),
    path("area/enquiries/<int:pk>/", views.area_enquiry, name="area_enquiry"),
    path("area/enquiries/<int:pk>/answer/", views.answer, name="answer"),
    path("area/enquiries/<int:pk>/escalate/", views.escalate, name="escalate"),
]
