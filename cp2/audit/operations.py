"""How the triggers come into the database."""

from typing import Any

from django.db.migrations.state import ProjectState
from pgtrigger.migrations import AddTrigger


class AddWatch(AddTrigger):
    """As pgtrigger's, without rendering every model anew that has to do with the watched one, which
    for sixty of them takes half a minute of everybody's migrations."""

    trigger: Any

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        options = state.models[app_label, self.model_name].options
        options["triggers"] = [*options.get("triggers", []), self.trigger]

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        schema_editor.execute(self.trigger.install_sql, params=None)

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        schema_editor.execute(self.trigger.uninstall_sql, params=None)
