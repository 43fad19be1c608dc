from django.db import migrations, models
from django.db.migrations.state import ProjectState

from plainsail.kernel.migrating import PatientState

KEY = ("id", models.BigAutoField(primary_key=True))
STEPS = [
    migrations.CreateModel("Shelf", [KEY, ("name", models.CharField(max_length=9))]),
    migrations.CreateModel("Book", [KEY, ("shelf", models.ForeignKey("Shelf", models.CASCADE, related_name="books"))]),
    migrations.AddIndex("Shelf", models.Index(fields=["name"], name="by_name")),
    migrations.AddConstraint("Book", models.UniqueConstraint(fields=["shelf"], name="one_each")),
    migrations.AddField("Book", "lent_to", models.ForeignKey("Book", models.CASCADE, related_name="+", null=True)),
    migrations.CreateModel("Page", [KEY, ("book", models.OneToOneField("Book", models.CASCADE))]),
    migrations.RemoveConstraint("Book", "one_each"),
    migrations.AlterField("Shelf", "name", models.TextField()),
]


def pictures(state):
    """After each step: every model's fields, who points to it, and its indexes and constraints."""
    state.apps  # as Django does: rendered before the first step
    for step in STEPS:
        step.state_forwards("library", state)
        yield {
            model.__name__: (
                sorted(repr(field) for field in model._meta.get_fields(include_hidden=True)),
                sorted(field.model.__name__ for field in model._meta.related_objects),
                [each.name for each in [*model._meta.indexes, *model._meta.constraints]],
            )
            for model in state.apps.get_models()
        }


def test_models_look_after_each_step_as_django_would_have_built_them():
    assert list(pictures(PatientState())) == list(pictures(ProjectState()))


def test_a_copy_stays_behind_when_the_original_goes_on():
    state = PatientState()
    state.apps
    STEPS[0].state_forwards("library", state)
    before = state.clone()
    STEPS[1].state_forwards("library", state)
    assert isinstance(before, PatientState)
    assert [model.__name__ for model in before.apps.get_models()] == ["Shelf"]
    assert {model.__name__ for model in state.apps.get_models()} == {"Shelf", "Book"}
