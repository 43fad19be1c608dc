"""Every component with the line of code that makes it: the kit's documentation, shown to whoever builds with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from plainsail.kernel.http import public
from plainsail.kernel.models import Workspace
from plainsail.ui.charts import Series
from plainsail.ui.context import Chrome, Link
from plainsail.ui.sockets import SwitcherEntry

EXAMPLES = Path(__file__).resolve().parents[1] / "templates" / "ui" / "gallery" / "examples"
LAYOUTS = frozenset({"app", "settings", "plain", "public", "editor", "problem"})


@dataclass(frozen=True)
class Example:
    """A file of the gallery: its first line names it, the rest is rendered and shown."""

    name: str
    title: str
    template: str
    source: str


@require_GET
@public
def gallery(request: HttpRequest) -> HttpResponse:
    """All components on one page."""
    only_for_builders(request)
    return render(
        request,
        "ui/gallery/gallery.html",
        {"chrome": SampleChrome(request), "examples": examples(), "layouts": sorted(LAYOUTS), **material()},
    )


@require_GET
@public
def layout(request: HttpRequest, name: str) -> HttpResponse:
    """One of the layouts with sample content."""
    only_for_builders(request)
    if name not in LAYOUTS:
        raise Http404
    return render(request, f"ui/gallery/layouts/{name}.html", {"chrome": SampleChrome(request), **material()})


def only_for_builders(request: HttpRequest) -> None:
    """While developing anybody; else whoever runs the installation. Raises Http404 for all others."""
    if not settings.DEBUG and not getattr(request.user, "is_staff", False):
        raise Http404


def examples() -> list[Example]:
    """The examples in the order of their file names."""
    found = []
    for path in sorted(EXAMPLES.glob("*.html")):
        first, _, source = path.read_text().partition("\n")
        title = first.removeprefix("{#").removesuffix("#}").strip()
        name = path.stem.partition("-")[2]
        found.append(Example(name, title, f"ui/gallery/examples/{path.name}", source.strip()))
    return found


class SampleForm(forms.Form):
    """One field of each kind."""

    email = forms.EmailField(label="Email address", help_text="We write only when something happens.")
    name = forms.CharField(label="First name", required=False, max_length=80)
    price = forms.DecimalField(label="Price", decimal_places=2, initial="175.00")
    address = forms.SlugField(label="Address of the page", initial="weekend-course")
    starts_on = forms.DateField(label="Starts on", widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(label="Supporting text", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    layout = forms.ChoiceField(label="Layout", choices=[("beside", "Picture beside text"), ("below", "Picture below")])
    interval = forms.ChoiceField(
        label="How often",
        choices=[("once", "Once"), ("monthly", "Every month"), ("yearly", "Every year")],
        widget=forms.RadioSelect,
        initial="monthly",
    )
    topics = forms.MultipleChoiceField(
        label="Topics",
        choices=[("courses", "Courses"), ("studio", "News from the studio")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    agrees = forms.BooleanField(label="I may write to these people", help_text="They asked for it, or bought from you.")
    picture = forms.FileField(label="Picture", required=False)


def material() -> dict[str, object]:
    """Sample content, the same on every page of the gallery."""
    days = [12, 18, 15, 22, 19, 31, 28, 26, 35, 41, 38, 47, 44, 52]
    opened = [(f"{day} Nov", value) for day, value in enumerate(days, 9)]
    faulty = SampleForm({"email": "maren@", "price": "12.345", "address": "weekend course", "interval": "monthly"})
    faulty.full_clean()
    return {
        "form": SampleForm(),
        "faulty_form": faulty,
        "per_day": opened,
        "compared": [Series("This month", opened), Series("Last month", [(label, v * 3 // 4) for label, v in opened])],
        "sales": [("Full weekend", 394000), ("For two", 256000), ("One day", 117500), ("Gift card", 40000)],
        "at": datetime(2026, 11, 22, 10, 40, tzinfo=UTC),
        "page": Paginator(range(1, 261), 25).page(4),
        "steps": ["Offer", "Details", "Payment", "Done"],
        "sales_rows": SALES,
    }


SALES = [
    {
        "name": name,
        "email": f"{name.split()[0].lower()}@example.com",
        "product": product,
        "amount": amount,
        "tone": tone,
        "status": status,
    }
    for name, product, amount, tone, status in (
        ("Maren Thiessen", "Full weekend", "€175.00", "good", "Paid"),
        ("Daniel Okafor", "For two", "€320.00", "good", "Paid"),
        ("Ines Carvalho", "One day", "€95.00", "warn", "Retrying card"),
        ("Tom Feddersen", "Full weekend", "€175.00", "neutral", "Refunded"),
    )
]


class SampleChrome(Chrome):
    """The frame with a sample business in it, because the gallery belongs to none."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.workspace = Workspace(name="Juniper Pottery Studio", postal_address="Mill Lane 4\n25980 Westerland")
        self.person, self.email, self.home = "Anke Thiessen", "anke@example.com", "#"
        self.is_staff_frame = True
        self.menu = [
            Link(label=label, icon=icon, href=f"#{icon}", is_current=icon == "house")
            for label, icon in (
                ("Home", "house"),
                ("Pages", "panels-top-left"),
                ("Emails", "mail"),
                ("Automations", "network"),
                ("Contacts", "users"),
                ("Sales", "shopping-cart"),
            )
        ]
        self.phone_tabs, self.phone_more = self.menu[:4], self.menu[4:]
        self.settings = [
            Link(label=label, href="#", is_current=label == "Sender")
            for label in ("Business", "People", "Domains", "Sender", "Payments", "Billing")
        ]
        self.settings_entry = Link(label="", icon="settings", href="#")
        self.create = [
            Link(label=label, icon=icon, href="#")
            for label, icon in (("Page", "panels-top-left"), ("Broadcast", "send"), ("Product", "package"))
        ]
        self.account = [
            Link(label="Your account", icon="user", href="#"),
            Link(label="Billing", icon="credit-card", href="#"),
            Link(label="Sign out", icon="log-out", href="#", is_post=True),
        ]
        self.workspaces = [
            SwitcherEntry(name="Juniper Pottery Studio", href="#", is_current=True),
            SwitcherEntry(name="Acme Courses", href="#"),
        ]
        self.new_workspace = self.finder = "#"
        self.footer_links = [
            Link(label=label, href="#")
            for label in ("Cancel contracts here", "Withdraw from contract here", "Imprint", "Privacy")
        ]
