"""Funnels for tests, made through the services as people make them."""

from __future__ import annotations

import factory

from plainsail.blocks.services import documents, themes
from plainsail.funnels.models import Funnel, FunnelStep
from plainsail.funnels.services import drawing, packing, publishing
from plainsail.funnels.starters import TEMPLATES, Business, plain
from plainsail.kernel import clock
from plainsail.pages.services import pages


class FunnelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Funnel

    name = "Free guide"
    edited_at = factory.LazyFunction(clock.now)


class FunnelStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FunnelStep

    funnel = factory.SubFactory(FunnelFactory)
    position = 0
    kind = FunnelStep.Kind.PAGE
    name = "First page"


JUNIPER = Business(name="Juniper Pottery Studio", address="Kiln Lane 3, Freiburg", currency="EUR")


def planned(key: str):
    """A template's package."""
    return TEMPLATES[key].plan(JUNIPER)


def started(workspace, key: str = "tripwire", *, at=None) -> Funnel:
    """A draft from a template, in the open workspace."""
    return packing.unpack(workspace, planned(key), by=None, at=at or clock.now())


def live(workspace, key: str = "tripwire", *, at=None) -> Funnel:
    """The same, published."""
    return publishing.publish(started(workspace, key, at=at), by=None, at=at or clock.now())


def beside(funnel, workspace):
    """Another live funnel whose form step shows the same form on a page of its own, and whose checkout sells the same."""
    first, other = steps(funnel), live(workspace)
    step = steps(other)
    document = documents.build(themes.DEFAULT, plain.sections(step["form"], first["form"].form_id))
    page = pages.create(workspace, document, title="Another page", path="another", by=None, at=clock.now())
    drawing.change(step["form"], {"page": page, "form": first["form"].form}, at=clock.now())
    drawing.change(step["checkout"], {"offer": first["checkout"].offer}, at=clock.now())
    return publishing.publish(other, by=None, at=clock.now())


def steps(funnel) -> dict[str, FunnelStep]:
    """Kind to the first step of it."""
    found: dict[str, FunnelStep] = {}
    for step in publishing.with_references(funnel):
        found.setdefault(step.kind, step)
    return found
