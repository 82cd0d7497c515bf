from django.urls import path

from enquiries import area_views, views

app_name = "enquiries"

urlpatterns = [
    path("enquiries/", views.enquiries, name="list"),
    path("enquiries/new/", views.new, name="new"),
    path("enquiries/files/<int:pk>/", views.attachment, name="attachment"),
    path("enquiries/<int:pk>/", views.enquiry, name="enquiry"),
    path("enquiries/<int:pk>/reply/", views.reply, name="reply"),
    path("enquiries/<int:pk>/close/", views.close, name="close"),
    path("area/enquiries/", area_views.area_enquiries, name="area_enquiries"),
    path("area/enquiries/files/", area_views.files, name="area_files"),
    path("area/enquiries/statistics/", area_views.area_statistics, name="area_statistics"),
    path(
        "area/enquiries/statistics/files/",
        area_views.statistics_files,
        name="area_statistics_files",
    ),
    path("area/enquiries/<int:pk>/", area_views.area_enquiry, name="area_enquiry"),
    path("area/enquiries/<int:pk>/answer/", area_views.answer, name="answer"),
    path("area/enquiries/<int:pk>/answer/ready/", area_views.use_answer, name="use_answer"),
    path("area/enquiries/<int:pk>/escalate/", area_views.escalate, name="escalate"),
    path("area/enquiries/<int:pk>/note/", area_views.note, name="note"),
]
