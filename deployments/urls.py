from django.urls import path

from deployments import (
    area_views,
    change_views,
    gate_views,
    letter_views,
    reserve_views,
    rotate_views,
    views,
)

app_name = "deployments"

urlpatterns = [
    path("deployments/", views.deployments, name="list"),
    path("deployments/<int:pk>/", views.detail, name="detail"),
    path("deployments/<int:pk>/accept/", views.accept, name="accept"),
    path("deployments/<int:pk>/reject/", views.reject, name="reject"),
    path("area/centres/", area_views.centres, name="area_centres"),
    path("area/centres/files/", area_views.centres_files, name="area_centres_files"),
    path("area/centres/<slug:code>/", area_views.centre, name="area_centre"),
    path("area/centres/<slug:code>/files/", area_views.centre_files, name="area_centre_files"),
    path("area/deployments/", area_views.deployments, name="area_deployments"),
    path("area/deployments/files/", area_views.deployments_files, name="area_deployments_files"),
    path("area/deployments/cancel/", area_views.cancel_many, name="area_cancel_many"),
    path("area/deployments/remind/", area_views.remind, name="area_remind"),
    path("area/deployments/new/", change_views.new, name="area_new"),
    path("area/deployments/swap/", change_views.swap, name="area_swap"),
    path("area/deployments/papers/", gate_views.papers, name="area_papers"),
    path("area/posts/<int:pk>/", reserve_views.post, name="area_post"),
    path("area/posts/<int:pk>/gate/", gate_views.fill_now, name="area_fill_now"),
    path("area/rotate/", rotate_views.rotate, name="area_rotate"),
    path(
        "area/deployments/<int:pk>/replace/gate/", gate_views.replace_now, name="area_replace_now"
    ),
    path("area/deployments/<int:pk>/cancel/", change_views.cancel, name="area_cancel"),
    path("area/deployments/<int:pk>/redeploy/", change_views.redeploy, name="area_redeploy"),
    path("area/deployments/<int:pk>/replace/", change_views.replace, name="area_replace"),
    path("deployments/<int:pk>/letter.pdf", letter_views.letter, name="letter"),
    path("letters/", letter_views.letter_find, name="letter_find"),
    path("letters/<str:code>/", letter_views.letter_check, name="letter_check"),
]
