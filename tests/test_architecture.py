"""What import-linter can't see: keys point down, areas meet at their public modules, files stay small, views start from the workspace."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.template.loader import get_template
from django.urls import URLPattern, URLResolver, get_resolver

from plainsail.edge import notices
from plainsail.kernel import addresses as addresses_of
from plainsail.kernel import isolation, operations, tenancy
from plainsail.kernel.events import Event
from plainsail.kernel.models import (
    SetTiedForeignKey,
    SetTiedOneToOneField,
    SetWorkspaceKey,
    TiedForeignKey,
    TiedOneToOneField,
    WorkspaceKey,
)
from plainsail.kernel.personal_data import PERSONAL_DATA
from tests.walking import addresses

ROOT = Path(__file__).resolve().parents[1] / "plainsail"
AREAS = settings.AREAS
PUBLIC = {"models", "services", "queries", "events", "sockets"}
OPEN = {"kernel", "ui"}
# The names of themes and built-in pictures, and the kinds of field, are the vocabulary of documents, which pages and mail
# write, check and carry.
VOCABULARY = {("blocks", "themes"), ("blocks", "pictures"), ("blocks", "schema"), ("contacts", "segment_forms")}


@cache
def modules() -> list[tuple[Path, ast.Module]]:
    files = [path for path in ROOT.rglob("*.py") if "migrations" not in path.parts]
    return [(path, ast.parse(path.read_text())) for path in files]


def area_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def is_test(path: Path) -> bool:
    return "tests" in path.parts or "testing" in path.parts


def imports(tree: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def our_models():
    return [model for model in apps.get_models() if model.__module__.startswith("plainsail.")]


def label(model) -> str:
    return model._meta.label


def test_no_module_is_over_500_lines():
    long = {str(path.relative_to(ROOT)): n for path, _ in modules() if (n := path.read_text().count("\n")) > 500}
    assert long == {}


def test_areas_meet_only_at_their_public_modules():
    wrong = []
    for path, tree in modules():
        area = area_of(path)
        if area not in AREAS or is_test(path):
            continue
        for name in imports(tree):
            parts = name.split(".")
            if len(parts) < 3 or parts[0] != "plainsail" or parts[1] not in AREAS or parts[1] in OPEN | {area}:
                continue
            if parts[2] not in PUBLIC and (parts[1], parts[2]) not in VOCABULARY:
                wrong.append(f"{path.relative_to(ROOT)}: {name}")
    assert wrong == []


def test_services_know_nothing_of_http():
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path, tree in modules()
        if "services" in path.relative_to(ROOT).parts and not is_test(path)
        for name in imports(tree)
        if name.startswith(("django.http", "django.shortcuts", "plainsail.kernel.http"))
    ]
    assert wrong == []


def test_foreign_keys_point_down():
    order = {area: index for index, area in enumerate(AREAS)}
    wrong = [
        f"{label(model)}.{field.name} → {label(field.related_model)}"
        for model in our_models()
        for field in model._meta.get_fields()
        if field.many_to_one and field.concrete
        if order.get(field.related_model._meta.app_label, -1) > order[model._meta.app_label]
    ]
    assert wrong == []


def test_keys_between_tenant_tables_are_tied_to_the_workspace():
    wrong = [
        f"{label(model)}.{field.name}"
        for model in our_models()
        for field in model._meta.local_fields
        if field.is_relation and is_owned(model) and is_owned(field.related_model)
        if not isinstance(field, TiedForeignKey | TiedOneToOneField)
    ]
    assert wrong == []


def is_owned(model) -> bool:
    return any(isinstance(field, WorkspaceKey) for field in model._meta.local_fields)


def test_every_tied_key_is_a_constraint_of_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname, contype FROM pg_constraint WHERE contype IN ('f', 't')")
        present = {(name, kind) for name, kind in cursor.fetchall()}
        cursor.execute("SELECT tgname FROM pg_trigger")
        triggers = {name for (name,) in cursor.fetchall()}
    wrong = [
        f"{label(model)}.{field.name}"
        for model in our_models()
        for field in model._meta.local_fields
        if isinstance(field, TiedForeignKey | TiedOneToOneField)
        for name in [operations.tie_name(model._meta.db_table, field.column)]
        if not (
            {f"{name}_insert", f"{name}_update"} <= triggers and (name, "t") in present
            if isinstance(field, SetTiedForeignKey | SetTiedOneToOneField)
            else (name, "f") in present
        )
    ]
    assert wrong == []


def test_every_key_to_the_business_that_is_checked_in_sets_is_checked(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger")
        triggers = {name for (name,) in cursor.fetchall()}
    wrong = [
        label(model)
        for model in our_models()
        for field in model._meta.local_fields
        if isinstance(field, SetWorkspaceKey)
        for name in [operations.tie_name(model._meta.db_table, field.column)]
        if not {name, f"{name}_insert", f"{name}_update"} <= triggers
    ]
    assert wrong == []


def test_every_unique_of_a_tenant_table_leads_with_the_workspace(db):
    owned = [model._meta.db_table for model in our_models() if is_owned(model)]
    # A tied one-to-one leads with a key that can only be the same tenant's, so its unique index tells strangers nothing.
    leading = {(table, "workspace_id") for table in owned} | {
        (model._meta.db_table, field.column)
        for model in our_models()
        for field in model._meta.local_fields
        if isinstance(field, TiedOneToOneField)
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT t.relname, i.relname, (SELECT attname FROM pg_attribute WHERE attrelid = t.oid AND attnum = x.indkey[0]) "
            "FROM pg_index x JOIN pg_class t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid "
            "WHERE x.indisunique AND NOT x.indisprimary AND t.relname = ANY(%s)",
            [owned],
        )
        wrong = [(table, index) for table, index, first in cursor.fetchall() if (table, first) not in leading]
    assert wrong == []


def test_every_table_with_a_workspace_is_isolated_or_on_the_closed_list(db):
    with connection.cursor() as cursor:
        assert isolation.holes(cursor) == []


def test_the_closed_list_of_shared_tables_is_just_what_exists(db):
    existing = set(connection.introspection.table_names())
    ours = {model._meta.db_table for model in our_models() if not is_owned(model)}
    assert ours <= tenancy.SHARED_TABLES
    assert {name for name in existing if name.startswith(tuple(f"{area}_" for area in AREAS))} >= ours


def test_web_code_starts_from_the_workspace():
    wrong = [
        str(path.relative_to(ROOT))
        for path, tree in modules()
        if not is_test(path) and area_of(path) not in {"kernel", "ui", "edge", "cli"}
        if {"views", "api"} & set(path.relative_to(ROOT).parts[1:]) or path.name in {"views.py", "api.py"}
        if any(isinstance(node, ast.Attribute) and node.attr == "objects" for node in ast.walk(tree))
    ]
    assert wrong == []


def view_functions():
    for path, tree in modules():
        if is_test(path) or "views" not in path.relative_to(ROOT).parts:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.args.args and node.args.args[0].arg == "request":
                yield path, node


def test_views_are_fifteen_lines_at_most():
    long = []
    for path, node in view_functions():
        body = node.body[1:] if isinstance(node.body[0], ast.Expr) and ast.get_docstring(node) else node.body
        if body and body[-1].end_lineno - body[0].lineno + 1 > 15:
            long.append(f"{path.relative_to(ROOT)}:{node.name}")
    assert long == []


def patterns(resolver: URLResolver):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def our_patterns() -> list[URLPattern]:
    found = [*patterns(get_resolver("plainsail.urls")), *patterns(get_resolver("plainsail.public_urls"))]
    return [entry for entry in found if entry.callback.__module__.startswith("plainsail.")]


def test_every_view_says_whom_it_lets_in():
    open_views = [
        f"{entry.callback.__module__}.{entry.callback.__name__}"
        for entry in our_patterns()
        if not (hasattr(entry.callback, "permission") or hasattr(entry.callback, "is_public"))
    ]
    assert open_views == []


@pytest.mark.parametrize("urlconf", ["plainsail.urls", "plainsail.public_urls"])
def test_no_address_hides_another(urlconf):
    found = Counter((one.parts, tuple(kind for _name, kind in one.arguments)) for one in addresses(urlconf))
    assert [parts for (parts, _kinds), times in found.items() if times > 1] == []


def test_the_edge_knows_where_programs_come_in():
    assert notices.API_PATH == addresses_of.API_PATH


def test_every_template_compiles():
    names = [str(path.relative_to(root)) for root in ROOT.glob("*/templates") for path in root.rglob("*.html")]
    assert len(names) > 50
    for name in names:
        get_template(name)


def test_templates_hold_no_inline_style_or_script():
    inline = re.compile(r"""\sstyle=["']|<style[\s>]|<script(?![^>]*\ssrc=)|\son(click|submit|load|change|input)=""")
    wrong = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for root in ROOT.glob("*/templates")
        for path in root.rglob("*.html")
        # A published page carries its style inside, under a hash in its own policy: one request fewer for visitors.
        if path.name != "page.html" or "blocks" not in path.parts
        # Mail programs know nothing else.
        if "letters" not in path.parts
        if (found := inline.search(path.read_text()))
    ]
    assert wrong == []


def all_events(base: type[Event] = Event):
    for area in AREAS:
        if (ROOT / area / "events.py").exists() and area != "kernel":
            import_module(f"plainsail.{area}.events")
    return [
        event
        for event in base.__subclasses__()
        if event.__module__.startswith("plainsail.") and "tests" not in event.__module__
    ]


def test_every_event_is_documented_and_named_for_its_area():
    wrong = [
        event.__name__
        for event in all_events()
        if not (event.__doc__ or "").strip()
        or event.__doc__.startswith(f"{event.__name__}(")
        or not event.name.startswith(event.__module__.split(".")[1] + ".")
        or not dataclasses.is_dataclass(event)
    ]
    assert wrong == []
    assert len({event.name for event in all_events()}) == len(all_events()) > 5


def test_every_table_is_classified_for_erasure():
    missing = [
        label(model).lower() for model in our_models() if is_owned(model) and label(model).lower() not in PERSONAL_DATA
    ]
    assert missing == []


def test_the_wall_clock_has_one_reader():
    wrong = re.compile(r"timezone\.now\(|datetime\.now\(|date\.today\(|datetime\.utcnow\(|auto_now")
    readers = [
        str(path.relative_to(ROOT))
        for path, _ in modules()
        if not is_test(path) and area_of(path) not in {"edge", "cli"} and path.name != "clock.py"
        if wrong.search(path.read_text())
    ]
    assert readers == []


BILLING = {"payments", "commerce", "subscriptions", "hosting"}
MONEY = {"money.py", "periods.py"}


def billing_modules() -> list[tuple[Path, ast.Module]]:
    """Where money is worked out: the areas that bill, and the kernel's two modules about money and time."""
    return [
        (path, tree)
        for path, tree in modules()
        if not is_test(path)
        if area_of(path) in BILLING or (area_of(path) == "kernel" and path.name in MONEY)
    ]


TELLS_TIME = {"now", "today", "utcnow", "localtime", "localdate", "time_ns", "Now", "fromtimestamp"}
DATABASE_CLOCK = re.compile(
    r"\b(now|clock_timestamp|statement_timestamp)\(\)|\bcurrent_(date|time|timestamp)\b", re.IGNORECASE
)


def test_billing_has_no_other_way_to_the_time_than_the_clock():
    """Calls that `test_the_wall_clock_has_one_reader` has no words for, and the database's own clock."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in billing_modules()
        for node in ast.walk(tree)
        if reads_the_time(node)
    ]
    assert wrong == []


def reads_the_time(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        # A view's own `now(request)` is the seller's time.
        return name_of(node.func) in TELLS_TIME and whose(node.func) != "clock" and not node.args
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(DATABASE_CLOCK.search(node.value))
    if isinstance(node, ast.ImportFrom):
        return node.module == "time"
    return isinstance(node, ast.Import) and "time" in [alias.name for alias in node.names]


@pytest.mark.parametrize(
    ("code", "is_wrong"),
    [
        ("datetime.now()", True),
        ("timezone.localdate()", True),
        ("Now()", True),
        ("import time", True),
        ("from time import time_ns", True),
        ("cursor.execute('SELECT now()')", True),
        ("cursor.execute('SELECT CURRENT_DATE')", True),
        ("clock.now()", False),
        ("clock.today('UTC')", False),
        ("now(request)", False),
        ("from datetime import time", False),
    ],
)
def test_the_check_for_other_clocks_sees_them(code, is_wrong):
    assert any(map(reads_the_time, ast.walk(ast.parse(code)))) is is_wrong


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def whose(node: ast.expr) -> str:
    return name_of(node.value) if isinstance(node, ast.Attribute) else ""


def test_money_paths_know_no_float():
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in billing_modules()
        for node in ast.walk(tree)
        if is_float(node) or divides_inexactly(node)
    ]
    assert wrong == []


def is_float(node: ast.AST) -> bool:
    """A float, or what makes one of whole numbers."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    return isinstance(node, ast.Call) and name_of(node.func) in {"float", "round", "fsum", "total_seconds", "truediv"}


def divides_inexactly(node: ast.AST) -> bool:
    """True division of what isn't seen to be a Fraction, a Decimal, or a path."""
    if not isinstance(node, ast.BinOp | ast.AugAssign) or not isinstance(node.op, ast.Div):
        return False
    left = node.target if isinstance(node, ast.AugAssign) else node.left
    exact = {"Fraction", "Decimal", "Path"}
    return not any(isinstance(part, ast.Call) and name_of(part.func) in exact for part in ast.walk(left))


@pytest.mark.parametrize(
    ("code", "is_wrong"),
    [
        ("a / 2", True),
        ("a /= 2", True),
        ("1.5", True),
        ("float(a)", True),
        ("round(a)", True),
        ("Fraction(a) / 2", False),
        ("a // 2", False),
        ("Path(a) / 'b'", False),
    ],
)
def test_the_check_for_floats_sees_them(code, is_wrong):
    assert any(is_float(node) or divides_inexactly(node) for node in ast.walk(ast.parse(code))) is is_wrong


@pytest.mark.parametrize(
    "name", ["README.md", "ARCHITECTURE.md", "STYLE.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"]
)
def test_the_front_door_is_there(name):
    assert (ROOT.parent / name).read_text().strip()
