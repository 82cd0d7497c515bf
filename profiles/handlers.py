from typing import Any

from django.core.files.uploadhandler import FileUploadHandler
from django.urls import reverse

from profiles.uploads import MOST_BYTES


class Capped(FileUploadHandler):
    """Comes first, and passes on only as much of a file as shows that it is too large.

    nginx refuses a large request by its length; this holds wherever the length is wrong, missing,
    or nginx is. The rest is read and thrown away, so the page can still say what is wrong, with all
    that was typed. Headquarters' own files, such as registers, may be larger.
    """

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        return raw_data if start <= MOST_BYTES or self._is_headquarters() else None

    def _is_headquarters(self) -> bool:
        return self.request is not None and self.request.path.startswith(reverse("admin:index"))

    def file_complete(self, file_size: int) -> Any:
        """The next one keeps it."""
        return None
