"""The drawings that come with Plainsail, chosen by name. On pages they stand in the HTML as SVG; in mail as PNG."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Picture:
    """One drawing: `blocks/pictures/<name>.svg` among the templates, `blocks/pictures/<name>.png` among the static files."""

    name: str
    label: str | Promise
    width: int = 440
    height: int = 400

    @property
    def svg_template(self) -> str:
        return f"blocks/pictures/{self.name}.svg"

    @property
    def png_file(self) -> str:
        return f"blocks/pictures/{self.name}.png"


PICTURES: dict[str, Picture] = {
    picture.name: picture
    for picture in (
        Picture("bowls", _("Three bowls")),
        Picture("sailboat", _("A boat under sail")),
        Picture("notebook", _("A notebook and a pen")),
        Picture("plant", _("A plant in a pot")),
        Picture("cup", _("A steaming cup")),
        Picture("hills", _("Hills in the morning")),
        Picture("letter", _("An open letter")),
        Picture("portrait", _("A portrait")),
    )
}
