"""Pipelines, stages and deals for tests. Made inside an open workspace."""

from __future__ import annotations

import factory

from plainsail.contacts.tests.factories import ContactFactory
from plainsail.deals.models import Deal, DealMove, Pipeline, Stage
from plainsail.kernel import clock


class PipelineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Pipeline

    name = factory.Sequence(lambda number: f"Sales {number}")
    lost_reasons = factory.LazyFunction(lambda: ["Too dear"])


class StageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Stage

    pipeline = factory.SubFactory(PipelineFactory)
    name = factory.Sequence(lambda number: f"Stage {number}")
    probability = 40


class DealFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Deal

    stage = factory.SubFactory(StageFactory)
    pipeline = factory.SelfAttribute("stage.pipeline")
    contact = factory.SubFactory(ContactFactory)
    title = factory.Sequence(lambda number: f"Tea set {number}")
    value_minor = 12_000
    currency = "EUR"
    entered_at = factory.LazyFunction(clock.now)


class DealMoveFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DealMove

    deal = factory.SubFactory(DealFactory)
    source = factory.SelfAttribute("deal.stage")
    target = factory.LazyAttribute(lambda made: StageFactory(pipeline=made.deal.pipeline))
    at = factory.LazyFunction(clock.now)
    entered_before = factory.LazyFunction(clock.now)
