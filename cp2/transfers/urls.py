from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib.admin import AdminSite
from django.urls import URLPattern, path

from cp2.transfers import export_views, import_views


def urls(site: AdminSite) -> list[URLPattern]:
    def page(address: str, view: Callable[..., Any], name: str) -> URLPattern:
        return path(f"transfers/{address}", site.admin_view(partial(view, site=site)), name=name)

    imports = import_views
    return [
        page("", imports.in_and_out, "transfers"),
        page("import/<slug:kind>/", imports.upload, "transfers_upload"),
        page("import/<slug:kind>/template.<slug:ending>", imports.template, "transfers_template"),
        page("imports/<int:pk>/", imports.state, "transfers_import"),
        page("imports/<int:pk>/faults.csv", imports.faults, "transfers_faults"),
        page("imports/<int:pk>/apply/", imports.apply, "transfers_apply"),
        page("imports/<int:pk>/discard/", imports.discard, "transfers_discard"),
        page("export/", export_views.take, "transfers_export"),
        page("exports/<int:pk>/", export_views.leaving, "transfers_leaving"),
        page("exports/<int:pk>/download/", export_views.download, "transfers_download"),
    ]
