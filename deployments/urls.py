from django.urls import path

from deployments import (
    allocate_views,
    area_views,
    change_views,
    gate_views,
    letter_views,
    pack_views,
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
    path("area/allocate/", allocate_views.allocate, name="area_allocate"),
    path("area/allocate/<int:pk>/", allocate_views.run, name="area_run"),
    path("area/allocate/<int:pk>/again/", allocate_views.again, name="area_run_again"),
    path("area/allocate/<int:pk>/cancel/", allocate_views.cancel, name="area_run_cancel"),
    path("area/allocate/<int:pk>/confirm/", allocate_views.confirm, name="area_run_confirm"),
    path("area/allocate/<int:pk>/files/", allocate_views.files, name="area_run_files"),
    path("area/allocate/<int:pk>/unplaced/", allocate_views.unplaced, name="area_run_unplaced"),
    path("area/allocate/<int:pk>/pairs/<int:number>/", allocate_views.pair, name="area_pair"),
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
    path("area/letters/", pack_views.area_letters, name="area_letters"),
    path("centre/<int:exam_id>/letters/", pack_views.centre_letters, name="centre_letters"),
    path("letter-packs/<int:pk>/", pack_views.pack, name="pack"),
    path("letter-packs/<int:pk>/letters.pdf", pack_views.pack_file, name="pack_file"),
    path("letters/", letter_views.letter_find, name="letter_find"),
    path("letters/<str:code>/", letter_views.letter_check, name="letter_check"),
]
