"""One broadcast to many, by the engine and by Django's own mail, in a process of its own; prints a JSON object a round.

`python -m benchmarks.peers.broadcasting ROUNDS MESSAGES PLAIN`, in the environment of an installation, with SMTP_URL;
`python -m benchmarks.peers.broadcasting audience ROUNDS PEOPLE` writes audiences instead.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import django

django.setup()

import psycopg  # noqa: E402 - after Django, as all that needs its models
from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: E402
from cryptography.hazmat.primitives.hashes import SHA256  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: E402
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: E402
from django.template import Context, Template  # noqa: E402

from plainsail.accounts.tests.factories import WorkspaceFactory  # noqa: E402
from plainsail.blocks.services import documents  # noqa: E402
from plainsail.kernel import clock  # noqa: E402
from plainsail.kernel.ids import new_id  # noqa: E402
from plainsail.kernel.models import Workspace  # noqa: E402
from plainsail.kernel.tenancy import workspace  # noqa: E402
from plainsail.kernel.tokens import Signer  # noqa: E402
from plainsail.mail.models import Broadcast  # noqa: E402
from plainsail.mail.services import audience, books, broadcasts, compiling, emails, launching, origins, planning, plans  # noqa: E402
from plainsail.mail.tests.factories import BroadcastFactory, ContactFactory, ListFactory, SenderFactory  # noqa: E402

FIELDS = ("first_name", "last_name", "company", "city", "email", "name")
LINKS = 12


def document() -> documents.Document:
    """A mail of about 27 KB as HTML, with twelve links to count and six merge fields."""
    blocks: list[tuple[str, dict[str, object]]] = []
    for number in range(0, LINKS, 4):
        holes = [f"{{{{{name}|friend}}}}" for name in FIELDS[number // 2 : number // 2 + 2]]
        words = "".join(
            f"<p>Dear {hole}, the kiln is on: grün und größer als je. {'Bowls, cups and a teapot. ' * 44}"
            f'<a href="https://juniper.example/shop/{number + place}">Look at this one</a></p>'
            for place, hole in enumerate([*holes, "friend"])
        )
        blocks.append(("text", {"text": words}))
        link = f"https://juniper.example/shop/{number + 3}"
        blocks.append(("button", {"button": f"Look at number {number}", "link": link}))
    return documents.build("juniper", blocks)


def populate(people: int) -> tuple[Workspace, object]:
    """A business with so many confirmed readers, copied by the database from a first one."""
    business = WorkspaceFactory(slug="measured", name="Measured", postal_address="Mill Lane 4\n25980 Westerland")
    with workspace(business):
        topic = ListFactory()
        SenderFactory(address="hello@juniper.example")
        first = ContactFactory(email="reader-0@example.com", first_name="Zoë", last_name="O'Neil & Sons", city="Köln")
        member = topic.members.create(contact=first, state="subscribed", changed_at=clock.now())
    with psycopg.connect(os.environ["BENCH_SUPERUSER"], dbname="plainsail", autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "CREATE TEMPORARY TABLE made AS SELECT n, gen_random_uuid() AS contact, gen_random_uuid() AS member "
            "FROM generate_series(1, %s) n",
            [people - 1],
        )
        connection.execute(
            "INSERT INTO contacts_contact SELECT (jsonb_populate_record(c, jsonb_build_object('id', made.contact, "
            "'email', 'reader-' || made.n || '@example.com', 'address_hash', md5(made.n::text), "
            # As many of each as a list has: names that come again are remembered by the engine.
            "'first_name', 'Zoë ' || made.n %% 400, 'last_name', 'O''Neil & Sons ' || made.n %% 5000, "
            "'city', 'Köln ' || made.n %% 300))).* "
            "FROM contacts_contact c, made WHERE c.id = %s",
            [first.id],
        )
        connection.execute(
            "INSERT INTO contacts_listmember SELECT (jsonb_populate_record(m, jsonb_build_object('id', made.member, "
            "'contact_id', made.contact))).* FROM contacts_listmember m, made WHERE m.id = %s",
            [member.id],
        )
        connection.execute("VACUUM (ANALYZE)")
    return business, topic


def written(business: Workspace, topic: object, *, limit: int) -> Broadcast:
    """A broadcast whose audience is in the ledger, to `limit` readers, and nothing sent yet."""
    with workspace(business):
        email = emails.create(document(), subject="News for {{first_name|you}}", preheader="Four bowls", at=clock.now())
        made = BroadcastFactory(
            email=email, list=topic, sender=business.senders.get(), state=Broadcast.State.PREPARING,
            started_at=clock.now(),
        )  # fmt: skip
        made.edition = emails.freeze(email)
        made.save()
        audience.write_chunk(made, at=clock.now() - timedelta(minutes=1), limit=limit)
        Broadcast.objects.filter(id=made.id).update(state=Broadcast.State.SENDING)
    return made


def by_engine(
    business: Workspace, topic: object, messages: int, *, signing: plans.Signing | None = None
) -> dict[str, float]:
    """Claimed, filled, handed over and written down; one process."""
    made = written(business, topic, limit=messages)
    with psycopg.connect(os.environ["BENCH_SUPERUSER"], dbname="plainsail", autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) mail_delivery")
    with workspace(business):
        plan = planning.plan(Broadcast.objects.select_related("list", "edition").get(id=made.id), at=clock.now())
    plan = replace(plan, signing=signing)
    before, started = cpu(), time.perf_counter()
    said = launching.run_apart(plan, seconds=600)
    seconds = time.perf_counter() - started
    with workspace(business):
        books.close_if_done(made.id, at=clock.now())
        made.refresh_from_db()
        assert (made.state, made.accepted) == ("complete", messages), (made.state, made.accepted)
    return {
        "per_second": messages / seconds,
        "cpu_per_1000": 1000 * (cpu() - before) / messages,
        "rss_mb": said["rss_kb"] / 1000,
    }


def by_django(business: Workspace, messages: int) -> dict[str, float]:
    """The same words from Django's templates, as EmailMultiAlternatives over one kept connection."""
    with workspace(business):
        origin = origins.origin(business, business.senders.get(), source_id=new_id(), topic=None)
        compiled = compiling.compile_mail(
            compiling.Words(subject="News", preheader="Four bowls", document=document()), origin
        )
    html, text = (
        Template(source.replace("|friend", "").replace("ps.", "ps_"))
        for source in (compiled.html_source, compiled.text_source)
    )
    signer = Signer(business.id)
    host, _, port = os.environ["SMTP_URL"].removeprefix("smtp://").rpartition(":")
    connection = get_connection("django.core.mail.backends.smtp.EmailBackend", host=host, port=int(port))
    connection.open()
    before, started = cpu(), time.perf_counter()
    for number in range(messages):
        delivery, contact = new_id(), new_id()
        values = {
            "first_name": "Zoë", "last_name": "O'Neil & Sons", "company": "", "city": "Köln",
            "email": f"reader-{number}@example.com", "name": "Zoë O'Neil & Sons",
            "unsubscribe_url": f"https://juniper.example/unsubscribe/{number}/",
            "preferences_url": f"https://juniper.example/preferences/{number}/",
            "ps_pixel": "https://juniper.example/o/" + signer.open(delivery, contact),
        }  # fmt: skip
        for place, url in enumerate(compiled.links):
            values[f"ps_link_{place}"] = "https://juniper.example/c/" + signer.click(delivery, contact, url)
        message = EmailMultiAlternatives(
            f"News for {values['first_name']}",
            text.render(Context(values, autoescape=False)),
            "Juniper <hello@juniper.example>",
            [f"Zoë <{values['email']}>"],
            connection=connection,
            headers={
                "List-Unsubscribe": f"<{values['unsubscribe_url']}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": f"<{delivery.hex}@juniper.example>",
            },
        )
        message.attach_alternative(html.render(Context(values)), "text/html")
        message.send()
    seconds = time.perf_counter() - started
    used = cpu() - before
    connection.close()
    return {"per_second": messages / seconds, "cpu_per_1000": 1000 * used / messages}


def cpu() -> float:
    """Seconds of processor time of this process and of those that it started and that ended."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def sign_them(rounds: int, messages: int) -> None:
    """The same with RSA-2048 in process, beside what OpenSSL signs on its own."""
    business, topic = populate(messages)
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    signing = plans.Signing(domain="juniper.example", keys=(("measured", pem),))
    for number in range(rounds + 1):
        started, many = time.perf_counter(), 0
        while time.perf_counter() - started < 1:
            key.sign(b"x" * 400, PKCS1v15(), SHA256())
            many += 1
        alone = many / (time.perf_counter() - started)
        found = {"openssl_per_second": alone, **by_engine(business, topic, messages, signing=signing)}
        if number:
            rounded = {name: round(value, 3) for name, value in found.items()}
            print(json.dumps({**rounded, "load": round(os.getloadavg()[0], 2)}), flush=True)


def write_audiences(rounds: int, people: int) -> None:
    """An audience is written from the start, a chunk a transaction, each as the job does it."""
    business, topic = populate(people)
    for _number in range(rounds):
        with workspace(business):
            made = BroadcastFactory(
                email__document=documents.save(document()), list=topic, sender=business.senders.get(),
                state=Broadcast.State.PREPARING, started_at=clock.now(),
            )  # fmt: skip
            made.edition = emails.freeze(made.email)
            made.save()
        started = time.perf_counter()
        broadcasts.prepare.function(workspace_id=business.id, broadcast_id=made.id)
        seconds = time.perf_counter() - started
        with workspace(business):
            made.refresh_from_db()
        assert (made.audience, made.state) == (people, Broadcast.State.SENDING), (made.audience, made.state)
        print(
            json.dumps({"seconds": round(seconds, 2), **size_of_ledger(), "load": round(os.getloadavg()[0], 2)}),
            flush=True,
        )
        with psycopg.connect(os.environ["BENCH_SUPERUSER"], dbname="plainsail", autocommit=True) as connection:
            connection.execute("TRUNCATE mail_delivery CASCADE")


def size_of_ledger() -> dict[str, float]:
    with psycopg.connect(os.environ["BENCH_SUPERUSER"], dbname="plainsail") as connection:
        found = connection.execute(
            "SELECT pg_table_size('mail_delivery') / 1e6, pg_indexes_size('mail_delivery') / 1e6"
        ).fetchone()
    assert found is not None
    return {"rows_mb": round(float(found[0]), 1), "indexes_mb": round(float(found[1]), 1)}


def main() -> None:
    if sys.argv[1] == "audience":
        write_audiences(int(sys.argv[2]), int(sys.argv[3]))
        return
    if sys.argv[1] == "dkim":
        sign_them(int(sys.argv[2]), int(sys.argv[3]))
        return
    rounds, messages, plain = (int(argument) for argument in sys.argv[1:4])
    business, topic = populate(messages)
    print(json.dumps({"html_bytes": sizes(business)}), flush=True)
    for number in range(rounds + 1):
        contenders = [
            ("django", lambda: by_django(business, plain)),
            ("engine", lambda: by_engine(business, topic, messages)),
        ]
        found: dict[str, float] = {}
        for name, measure in contenders if number % 2 else contenders[::-1]:
            found |= {f"{name}_{key}": round(value, 3) for key, value in measure().items()}
        if number:
            print(json.dumps({**found, "load": round(os.getloadavg()[0], 2)}), flush=True)


def sizes(business: Workspace) -> int:
    with workspace(business):
        origin = origins.origin(business, business.senders.get(), source_id=UUID(int=1), topic=None)
        words = compiling.Words(subject="News", preheader="Four bowls", document=document())
        return len(compiling.compile_mail(words, origin).html_source)


if __name__ == "__main__":
    main()
