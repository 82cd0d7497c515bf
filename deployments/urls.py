from django.urls import path

from deployments import allocate_views, area_views, letter_views, pack_views, views

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
    path("area/centres/<slug:code>/", area_views.centre, name="area_centre"),
    path("area/deployments/", area_views.deployments, name="area_deployments"),
    path("area/deployments/new/", area_views.new, name="area_new"),
    path("area/deployments/swap/", area_views.swap, name="area_swap"),
    path("area/deployments/<int:pk>/cancel/", area_views.cancel, name="area_cancel"),
    path("area/deployments/<int:pk>/redeploy/", area_views.redeploy, name="area_redeploy"),
    path("area/deployments/<int:pk>/replace/", area_views.replace, name="area_replace"),
    path("deployments/<int:pk>/letter.pdf", letter_views.letter, name="letter"),
    path("area/letters/", pack_views.area_letters, name="area_letters"),
    path("centre/<int:exam_id>/letters/", pack_views.centre_letters, name="centre_letters"),
    path("letter-packs/<int:pk>/", pack_views.pack, name="pack"),
    path("letter-packs/<int:pk>/letters.pdf", pack_views.pack_file, name="pack_file"),
    path("letters/", letter_views.letter_find, name="letter_find"),
    path("letters/<str:code>/", letter_views.letter_check, name="letter_check"),
]
