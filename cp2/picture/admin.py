"""The officers' list, narrowed to a stage of the season: what is behind a step of the funnel."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.requests import actor
from cp2.picture.season import Season
from cp2.picture.stages import Stage, at
from profiles.admin import OfficerAdmin


class StageFilter(admin.SimpleListFilter):
    """Offers the stages of the newest season, and of the one that the list is narrowed to."""

    title = _("stage of the season")
    parameter_name = "stage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        self.stages = [
            stage for stage in Stage if stage.is_of_the_season and stage.is_shown_to(actor(request))
        ]
        if not self.stages:
            return []
        _stage, season = self._chosen()
        if not season.exams:
            return []
        return [
            (f"{stage.value}.{season.key}", f"{stage.label}, {season.name}")
            for stage in self.stages
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        stage, season = self._chosen()
        if not self.value():
            return queryset
        if stage not in self.stages:
            return queryset.none()
        return queryset.filter(at(Stage(stage), season))

    def _chosen(self) -> tuple[str, Season]:
        stage, _dot, of = (self.value() or "").partition(".")
        return stage, Season({"of": of})


OfficerAdmin.list_filter = [*OfficerAdmin.list_filter, StageFilter]
