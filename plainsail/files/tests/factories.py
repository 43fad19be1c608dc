"""Pictures and files for tests, taken in by the same service as on screen."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

import factory
from PIL import Image

from plainsail.files.models import File
from plainsail.files.services import library
from plainsail.kernel.models import Workspace
from plainsail.kernel.tenancy import current_workspace_id

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def picture(
    width: int = 400, height: int = 300, *, kind: str = "PNG", mode: str = "RGB", colour=(20, 102, 79)
) -> bytes:
    """The bytes of a picture: one colour at the left, shades at the right."""
    image = Image.new(mode, (width, height), colour if mode in ("RGB", "RGBA") else None)
    gradient = Image.linear_gradient("L").resize((max(1, width // 2), height))
    image.paste(gradient.convert(mode) if mode != "P" else gradient, (width - gradient.width, 0))
    out = BytesIO()
    image.save(out, kind)
    return out.getvalue()


class FileFactory(factory.django.DjangoModelFactory):
    """A small picture of the open workspace."""

    class Meta:
        model = File

    name = "bowl.png"
    colour = factory.Sequence(lambda number: (number % 256, number // 256 % 256, 79))

    @classmethod
    def _create(cls, model_class, *args, name: str, colour, content: bytes | None = None, **kwargs):
        workspace = Workspace.objects.get(id=current_workspace_id())
        return library.upload(workspace, content or picture(colour=colour), name=name, by=None, at=NOW)
