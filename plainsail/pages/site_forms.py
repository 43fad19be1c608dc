"""Input of the site's screens: what it says of itself, its redirects, scripts, posts, and when pages go live. Checked."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms
from django.conf.locale import LANG_INFO
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from plainsail.blocks import pictures
from plainsail.blocks.schema import Image, is_safe_link
from plainsail.files.models import File
from plainsail.kernel.environment import DOMAIN
from plainsail.pages.models import Page, Redirect, SiteScript

MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
MOMENT_FORMATS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
LANGUAGES = sorted(
    ((code, capfirst(entry["name_local"])) for code, entry in LANG_INFO.items() if "name_local" in entry),
    key=lambda pair: pair[1],
)
LARGEST_FILE = 2_000_000
LARGEST_CARRIED = 100 * 1024 * 1024


def picture_address(value: str) -> str:
    """An https address or a path of the site, or nothing."""
    if value and (not value.startswith(("https://", "/")) or not is_safe_link(value)):
        raise ValidationError(_("Use the address of a picture, beginning with https:// or /."))
    return value


class SiteForm(forms.Form):
    """What the site says about itself to search engines and to those who share its pages."""

    description = forms.CharField(
        label=_("Description"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What your business is, in a sentence."),
    )
    icon_url = forms.CharField(
        label=_("Icon"),
        max_length=500,
        required=False,
        help_text=_("A square picture for browser tabs, by its address. Without one, your first letter stands there."),
    )
    social_image_url = forms.CharField(
        label=_("Picture of shared links"),
        max_length=500,
        required=False,
        help_text=_("By its address; best 1200 by 630 pixels. For pages that have none of their own."),
    )
    profiles = forms.CharField(
        label=_("You elsewhere"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Addresses of your profiles, one a line. Search engines learn that they are yours."),
    )
    is_hidden = forms.BooleanField(
        label=_("Ask search engines to stay away"),
        required=False,
        help_text=_("Your pages can still be opened by everybody who has their address."),
    )
    asks_to_recognise = forms.BooleanField(
        label=_("Ask visitors whether they may be recognised"),
        required=False,
        help_text=_(
            "Your site sets no cookie for those who only look. With this, strangers are asked once; after a yes, a cookie tells "
            "that they came back, so that numbers hold for longer than a day."
        ),
    )

    def clean_icon_url(self) -> str:
        return picture_address(self.cleaned_data["icon_url"].strip())

    def clean_social_image_url(self) -> str:
        return picture_address(self.cleaned_data["social_image_url"].strip())

    def clean_profiles(self) -> str:
        lines = [line.strip() for line in self.cleaned_data["profiles"].splitlines() if line.strip()]
        if any(not line.startswith("https://") or not is_safe_link(line) for line in lines):
            raise ValidationError(_("Each line is an address that begins with https://."))
        return "\n".join(lines)


class RedirectForm(forms.Form):
    """One old address and where it leads."""

    path = forms.CharField(label=_("Old address"), max_length=500, help_text=_("Such as /old-page"))
    target = forms.CharField(label=_("Leads to"), max_length=2000, help_text=_("Such as /new-page or https://…"))
    status = forms.TypedChoiceField(label=_("Kind"), choices=Redirect.Status.choices, coerce=int, initial=301)


class FileForm(forms.Form):
    """One file, not too large."""

    file = forms.FileField(label=_("File"))

    def clean_file(self) -> bytes:
        sent = self.cleaned_data["file"]
        if sent.size > LARGEST_FILE:
            raise ValidationError(_("At most 2 MB."))
        content: bytes = sent.read()
        return content


class CarriedForm(forms.Form):
    """A page or a site that was taken along, with its pictures."""

    file = forms.FileField(label=_("File"))

    def clean_file(self) -> bytes:
        sent = self.cleaned_data["file"]
        if sent.size > LARGEST_CARRIED:
            raise ValidationError(_("At most 100 MB."))
        content: bytes = sent.read()
        return content


class ScriptForm(forms.Form):
    """A script of others: what it is for, where it comes from, whom it talks to."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Visitors read it where they are asked."))
    purpose = forms.ChoiceField(label=_("Purpose"), choices=SiteScript.Purpose.choices)
    source_url = forms.CharField(
        label=_("Address of the script"), max_length=500, required=False, help_text=_("Begins with https://")
    )
    code = forms.CharField(
        label=_("Code"),
        max_length=10_000,
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5, "class": "input-code"}),
        help_text=_("JavaScript, without the tags around it."),
    )
    hosts = forms.CharField(
        label=_("Hosts that it talks to"),
        max_length=500,
        required=False,
        help_text=_("With blanks between, such as “stats.example.com”. Browsers let it reach no others."),
    )

    def clean_source_url(self) -> str:
        url: str = self.cleaned_data["source_url"].strip()
        if url and not re.fullmatch(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[^\s\"'<>\\;,]*", url):
            raise ValidationError(_("Write the whole address, such as https://stats.example.com/script.js."))
        return url

    def clean_hosts(self) -> str:
        hosts = self.cleaned_data["hosts"].lower().split()
        if any(not DOMAIN.fullmatch(host) or "." not in host for host in hosts):
            raise ValidationError(_("Only names of hosts, such as stats.example.com."))
        return " ".join(hosts)

    def clean_code(self) -> str:
        # What a browser runs, and hashes, has line feeds only.
        code: str = self.cleaned_data["code"].replace("\r\n", "\n").strip()
        if re.search(r"</?script", code, re.IGNORECASE):
            raise ValidationError(_("Only the code itself, without <script> around it."))
        return code

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned.get("source_url") and not cleaned.get("code"):
            raise ValidationError(_("Give the script’s address or its code."))
        return cleaned


class TimetableForm(forms.Form):
    """When a page goes live and is taken off, on the business's own clock."""

    publish_at = forms.DateTimeField(label=_("Goes live"), required=False, widget=MOMENT, input_formats=MOMENT_FORMATS)
    unpublish_at = forms.DateTimeField(
        label=_("Is taken off"), required=False, widget=MOMENT, input_formats=MOMENT_FORMATS
    )


class NewPostForm(forms.Form):
    """A post begins with its title."""

    title = forms.CharField(label=_("Title"), max_length=120)


class PostForm(forms.Form):
    """A post's by-line."""

    author = forms.CharField(label=_("Author"), max_length=120, required=False)
    posted_at = forms.DateTimeField(
        label=_("Date"),
        widget=MOMENT,
        input_formats=MOMENT_FORMATS,
        help_text=_(
            "Posts stand in this order. One that you leave as it is becomes the day on which the post goes live."
        ),
    )
    excerpt = forms.CharField(
        label=_("In short"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stands below the headline and in lists of posts."),
    )
    tags = forms.CharField(
        label=_("Tags"),
        max_length=400,
        required=False,
        help_text=_("Words with commas between, such as “glazes, studio”."),
    )
    file: forms.ModelChoiceField[File] = forms.ModelChoiceField(
        label=_("Picture"), queryset=None, required=False, empty_label=_("None")
    )
    picture = forms.ChoiceField(label=_("Or a drawing"), required=False)
    picture_url = forms.CharField(label=_("Or the address of a picture"), max_length=2000, required=False)
    picture_alt = forms.CharField(
        label=_("What the picture shows"),
        max_length=300,
        required=False,
        help_text=_("For readers who can’t see it."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        drawings = [(picture.name, picture.label) for picture in pictures.PICTURES.values()]
        # Rows of the open workspace: only known when a form is made, not when this class is.
        images = cast("forms.ModelChoiceField[File]", self.fields["file"])
        images.queryset = File.objects.filter(kind=File.Kind.PICTURE).order_by("-created_at", "-id")
        field = self.fields["picture"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("None")), *drawings]

    def clean_picture_url(self) -> str:
        return picture_address(self.cleaned_data["picture_url"].strip())

    @property
    def cover(self) -> dict[str, Any]:
        """The picture as blocks store it."""
        cleaned = self.cleaned_data
        empty = {**Image(label="").empty, "alt": cleaned["picture_alt"]}
        if cleaned["file"]:
            return {**empty, "file": str(cleaned["file"].pk)}
        if cleaned["picture_url"]:
            return {**empty, "url": cleaned["picture_url"]}
        return {**empty, "picture": cleaned["picture"]}


class KinForm(forms.Form):
    """The language of a page, what it translates, and whether the site's parts stand around it."""

    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    original: forms.ModelChoiceField[Page] = forms.ModelChoiceField(
        label=_("Translation of"),
        queryset=None,
        required=False,
        empty_label=_("Nothing: it stands alone"),
        help_text=_("Visitors change between the languages above the page, and search engines show the fitting one."),
    )
    shows_parts = forms.BooleanField(
        label=_("With the site’s navigation and footer"),
        required=False,
        help_text=_("Off for a page with one purpose that nothing shall lead away from."),
    )

    def __init__(self, page: Page, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["original"]
        assert isinstance(field, forms.ModelChoiceField)
        others = Page.objects.current().with_address().filter(site=page.site_id, kind=page.kind).exclude(id=page.id)
        field.queryset = others.order_by("title", "id")
