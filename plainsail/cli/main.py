"""The `plainsail` command. Each part imports what it needs when it is called: the supervisor has to stay small."""

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Literal

import click

import plainsail
from plainsail.cli.command import COMMAND
from plainsail.cli.errors import Refused, worded
from plainsail.cli.processes import cause
from plainsail.kernel import environment
from plainsail.kernel.environment import BadEnvironment


class Group(click.Group):
    """Says in one line what its commands expect to go wrong."""

    def invoke(self, context: click.Context) -> object:
        try:
            return super().invoke(context)
        except (BadEnvironment, Refused) as error:
            raise click.ClickException(str(error)) from error
        except subprocess.CalledProcessError as error:
            command = " ".join(["plainsail", *error.cmd[len(COMMAND) :]])
            raise click.ClickException(f"{command} failed ({cause(error.returncode)}); see above.") from error
        except OSError as error:
            if (told := worded(error)) is None:
                raise
            raise click.ClickException(told) from error


@click.group(cls=Group)
def cli() -> None:
    """Plainsail: everything a small online business needs, in one program.

    Surroundings: PORT (8000), PLAINSAIL_DATA (./data), PLAINSAIL_URL, DATABASE_URL, SMTP_URL.
    """


@cli.command()
@click.option("--demo/--no-demo", "with_demo", default=True, help="Make the demo business on the first start.")
def up(with_demo: bool) -> None:
    """Start everything and keep it running, until Ctrl-C."""
    from plainsail.cli.up import up as run

    try:
        run(with_demo=with_demo)
    except KeyboardInterrupt:
        click.echo("\nStopped while setting up. Start it again: it goes on from there.", err=True)
        sys.exit(130)


@cli.command()
def reload() -> None:
    """Replace web and worker of the running Plainsail by new ones, without turning anyone away."""
    from plainsail.cli.supervisor import running_supervisor

    pid = running_supervisor(environment.data_dir() / "run")
    if pid is None:
        raise click.ClickException(f"Plainsail isn't running on {environment.data_dir()}.")
    os.kill(pid, signal.SIGHUP)


@cli.command()
@click.option("--fd", type=int, help="Serve the listening socket inherited under this number.")
def web(fd: int | None) -> None:
    """Serve Django on a unix socket, behind the edge."""
    from plainsail.cli import apart, preparation, serving, sockets

    os.environ["PLAINSAIL_POOL"] = "1"
    apart.require(environment.current().database_url)
    if fd is not None:
        serving.serve_web(socket.socket(fileno=fd))
        return
    here = environment.current()
    preparation.collect_static(here)
    serving.serve_web(sockets.listen_unix(here.web_socket))


@cli.command()
@click.option("--workers", default=1, show_default=True, envvar="PLAINSAIL_EDGE_WORKERS", help="Serving processes.")
def edge(workers: int) -> None:
    """Answer on PORT: published pages, clicks and forms at once, everything else through web."""
    from plainsail.cli import serving

    here = environment.current()
    serving.serve_edge(bind=here.bind, port=here.port, workers=workers)


@cli.command()
@click.option("--concurrency", default=4, show_default=True, help="Jobs that run at a time.")
def worker(concurrency: int) -> None:
    """Run queued jobs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    os.environ["PLAINSAIL_POOL"] = "1"
    from plainsail.cli import apart
    from plainsail.cli.up import check_mail_server
    from plainsail.cli.worker import work

    here = environment.current()
    check_mail_server(here)
    apart.require(here.database_url)
    work(concurrency=concurrency)


@cli.command()
@click.option("--port", type=int, help="Port on loopback; else MAILCATCHER_PORT, or PORT plus 25.")
def mailcatcher(port: int | None) -> None:
    """Take in mail on loopback and keep it for /mailbox/."""
    from plainsail.cli.catcher import catch

    here = environment.current()
    catch(here.mailbox_dir, host="127.0.0.1", port=port or environment.catcher_port(here.port))


@cli.command()
def intake() -> None:
    """Take in bounces and complaints on BOUNCE_PORT. Needs BOUNCE_DOMAIN."""
    here = environment.current()
    if not here.bounce_domain:
        raise click.ClickException("Set BOUNCE_DOMAIN to the domain that bounces come back to.")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    import django

    from plainsail.cli import apart

    apart.require(here.database_url)
    django.setup()
    from plainsail.cli.intake import serve

    serve(host=here.bounce_bind, port=here.bounce_port, domain=here.bounce_domain, protocol=here.bounce_protocol)


@cli.command()
def migrate() -> None:
    """Bring the database's tables and the static files up to this version. Needs the owner role."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
    from plainsail.cli.migrating import migrate as run

    run()


@cli.command(context_settings={"ignore_unknown_options": True, "allow_extra_args": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def manage(arguments: tuple[str, ...]) -> None:
    """Run a command of Django's: `plainsail manage shell`."""
    from plainsail.manage import main

    sys.argv = ["plainsail manage", *arguments]
    main()


@cli.command()
def demo() -> None:
    """Make the demo business, unless it is there, and print how to sign in."""
    here = environment.current()
    kept = here.data_dir / "demo.json"
    if not kept.exists():
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plainsail.settings")
        import django

        django.setup()
        from plainsail.cli.demo import make
        from plainsail.kernel import clock, due

        make(kept, at=clock.now())
        # Its past left work that was due long ago.
        due.tick.once(due.tick.name)
    found = json.loads(kept.read_text())
    click.echo(f"Demo business: sign in at {here.base_url} as {found['email']} with the password {found['password']}")


@cli.command()
@click.argument("slug")
@click.option("--contacts", type=click.IntRange(0, 50_000_000), default=10_000, show_default=True)
@click.option(
    "--events", type=click.IntRange(0, 500_000_000), default=100_000, show_default=True, help="Visits, opens, clicks."
)
@click.option("--seed", "number", type=int, default=1, show_default=True, help="The same number gives the same people.")
@click.option("--at", type=click.DateTime(), help="The moment they lived until (UTC); now if not given.")
def seed(slug: str, contacts: int, events: int, number: int, at: datetime | None) -> None:
    """Fill the business of this web address with invented people and what they did, to see how it bears many."""
    from plainsail.cli import closing, seeding

    closing.set_up()
    began, until = monotonic(), at.replace(tzinfo=UTC) if at else datetime.now(UTC)
    total = contacts * 7 + events
    with click.progressbar(length=total, label="Rows", file=sys.stderr) as bar:
        made = seeding.seed(
            slug,
            contacts=contacts,
            events=events,
            seed=number,
            at=until,
            progress=lambda rows: bar.update(rows - bar.pos),
        )
    seconds = monotonic() - began
    click.echo(
        f"{made.contacts:,} contacts and {made.events:,} events: {made.rows:,} rows in {seconds:.1f} s, "
        f"{made.rows / max(seconds, 0.001):,.0f} a second."
    )


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="Say it as one JSON object.")
def doctor(as_json: bool) -> None:
    """Say what is running and what is wrong. Ends with status 1 if anything is."""
    from plainsail.cli.doctor import report, report_json

    say_all = report_json if as_json else report
    sys.exit(not say_all(environment.current(), say=click.echo))


@cli.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    help="Remove the oldest backups beside it, so that N are left with this one.",
)
def backup(file: Path | None, keep: int | None) -> None:
    """Save database, files and key into one archive FILE (else into backups/ of the data directory)."""
    from plainsail.cli.backup import backup as save
    from plainsail.cli.backup import prune

    path, size = save(environment.current(), file, at=datetime.now(UTC))
    click.echo(f"Saved {path} ({size / 1e6:.1f} MB). It holds the secret key: keep it private, on another machine.")
    for gone in prune(path, keep=keep) if keep else ():
        click.echo(f"Removed {gone}.")


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is in the data directory.")
def restore(file: Path, force: bool) -> None:
    """Put a backup into the data directory (PLAINSAIL_DATA), which has to be empty."""
    from plainsail.cli.backup import restore as put_back

    restored = put_back(file, replace=force)
    click.echo(
        f"Restored the backup of {restored.made_at} (Plainsail {restored.version}, {restored.files} files)"
        f" into {environment.data_dir()}."
    )
    businesses, people = restored.erased_since
    if businesses or people:
        click.echo(
            f"Erased since that backup was made: {businesses} businesses and {people} people."
            " The next start erases them again before it serves anybody, and says so in its log."
        )


@cli.command()
@click.argument("slug")
@click.option(
    "--customers",
    type=click.Choice(["period_end", "now"]),
    default="period_end",
    show_default=True,
    help="When the contracts of its customers end; `now` pays back what is not served.",
)
@click.option("--undo", is_flag=True, help="Take the closing back.")
def close(slug: str, customers: str, undo: bool) -> None:
    """Close the business of this web address: the days of grace of its policy, then it is erased."""
    from plainsail.cli import closing

    closing.set_up()
    at = datetime.now(UTC)
    click.echo(closing.reopen(slug, at=at) if undo else closing.close(slug, customers=customers, at=at))


@cli.command()
@click.argument("slug")
@click.option("--yes", is_flag=True, help="Don't ask.")
def erase(slug: str, yes: bool) -> None:
    """Erase everything of the business of this web address, for good, or say what stands in the way."""
    from plainsail.cli import closing

    if not yes and click.prompt("Nobody can bring it back. Type its web address to go on") != slug:
        raise click.ClickException("That is another web address. Nothing was done.")
    closing.set_up()
    click.echo(closing.erase(slug, at=datetime.now(UTC)))


@cli.group(invoke_without_command=True)
@click.pass_context
def plans(context: click.Context) -> None:
    """List the plans that this installation sells to its businesses, and who has which."""
    from plainsail.cli import closing
    from plainsail.cli import plans as selling

    closing.set_up()
    if context.invoked_subcommand is None:
        for line in selling.lines(at=datetime.now(UTC)):
            click.echo(line)


@plans.command("open")
@click.argument("workspace")
def open_plans(workspace: str) -> None:
    """Let the business of this web address sell the plans."""
    from plainsail.cli import plans as selling

    click.echo(selling.open_shop(workspace, at=datetime.now(UTC)))


@plans.command("add")
@click.argument("checkout")
@click.option("--name", default="", help="What it is called; else as at the checkout.")
@click.option("--addon", is_flag=True, help="It is an add-on to the other plans.")
@click.option("--people", type=click.IntRange(min=0), help="People who can sign in; not limited if not given.")
@click.option("--domains", type=click.IntRange(min=0), help="Domains of their own; not limited if not given.")
@click.option("--megabytes", type=click.IntRange(min=0), help="Room for files; not limited if not given.")
def add_plan(checkout: str, name: str, addon: bool, **limits: int | None) -> None:
    """Make the price of a checkout page (/checkout/CHECKOUT/) of the selling business a plan."""
    from plainsail.cli import plans as selling

    click.echo(selling.add(checkout, name=name, is_addon=addon, limits=limits, at=datetime.now(UTC)))


@plans.command("stop")
@click.argument("plan")
def stop_plan(plan: str) -> None:
    """Sell a plan no more. Whoever has it keeps it."""
    from plainsail.cli import plans as selling

    click.echo(selling.stop(plan, at=datetime.now(UTC)))


@cli.command()
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
def export(slug: str, file: Path | None) -> None:
    """Write everything of a business into one archive FILE (else into exports/ of the data directory)."""
    from plainsail.cli import closing

    closing.set_up()
    click.echo(closing.export(slug, file, at=datetime.now(UTC)))


@cli.command()
@click.argument("slug")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--segment", default="", help="The name of a segment; all contacts if not given.")
def export_contacts(slug: str, file: Path | None, segment: str) -> None:
    """Write contacts with all that is known of them into one archive FILE (else into exports/ of the data directory)."""
    from plainsail.cli import closing

    closing.set_up()
    click.echo(closing.export_contacts(slug, file, segment=segment, at=datetime.now(UTC)))


@cli.command()
@click.argument("slug")
@click.argument("contract")
@click.option("--when", type=click.Choice(["period_end", "now"]), default="period_end", help="When it ends.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), help="The last day, where it asks for a later end than the earliest."
)
@click.option("--arrived", type=click.DateTime(), help="When the notice arrived (UTC); it counts from then.")
@click.option("--note", default="", help="What was said.")
@click.option("--preview", is_flag=True, help="Say what it would do, and change nothing.")
def cancel(
    *,
    slug: str,
    contract: str,
    when: Literal["period_end", "now"],
    until: datetime | None,
    arrived: datetime | None,
    note: str,
    preview: bool,
) -> None:
    """Cancel the CONTRACT of this number at the business of this web address, as its notice asks."""
    from plainsail.cli import cancelling, closing

    if until is not None and when == "now":
        raise click.UsageError("It ends now or on a later day, not both.")
    closing.set_up()
    at, came = datetime.now(UTC), arrived.replace(tzinfo=UTC) if arrived else None
    last = until.date() if until else None
    if preview:
        click.echo(cancelling.preview(slug, contract, when=when, until=last, arrived=came, at=at))
    else:
        click.echo(cancelling.cancel(slug, contract, when=when, until=last, arrived=came, note=note, at=at))


@cli.group("api-key")
def api_key() -> None:
    """Make, list and revoke keys with which programs reach a business."""


@api_key.command("make")
@click.argument("slug")
@click.option("--name", required=True, help="What it is for.")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="Such as contacts:read or contacts:write; repeat it."
)
@click.option("--as", "email", default="", help="Address of the member whose key it is; else the first owner’s.")
@click.option("--days", type=click.IntRange(min=1, max=3650), help="How long it is good; else until it is revoked.")
def make_api_key(slug: str, name: str, scopes: tuple[str, ...], email: str, days: int | None) -> None:
    """Make a key for the business of this web address and print it, this once."""
    from plainsail.cli import api_keys, closing

    closing.set_up()
    click.echo(api_keys.make(slug, name=name, scopes=scopes, email=email, days=days, at=datetime.now(UTC)))


@api_key.command("list")
@click.argument("slug")
def list_api_keys(slug: str) -> None:
    """List the keys of the business of this web address."""
    from plainsail.cli import api_keys, closing

    closing.set_up()
    click.echo(api_keys.told(slug, at=datetime.now(UTC)))


@api_key.command("revoke")
@click.argument("slug")
@click.argument("beginning")
def revoke_api_key(slug: str, beginning: str) -> None:
    """Revoke the key with this BEGINNING (or name) for good."""
    from plainsail.cli import api_keys, closing

    closing.set_up()
    click.echo(api_keys.revoke(slug, beginning, at=datetime.now(UTC)))


@cli.command()
@click.argument("slug")
@click.option("--to", type=click.DateTime(), help="Move it ahead to this moment (UTC).")
def clock(slug: str, to: datetime | None) -> None:
    """Say what time it is at the business of this web address; in test mode, move its clock ahead."""
    from plainsail.cli import closing, sandbox_clock

    closing.set_up()
    click.echo(sandbox_clock.clock(slug, to=to.replace(tzinfo=UTC) if to else None, at=datetime.now(UTC)))


@cli.command()
@click.argument("file", type=click.Path(path_type=Path))
def vectors(file: Path) -> None:
    """Run a FILE of worked billing examples through the functions that bill; status 1 if any differs, 2 if not understood."""
    from plainsail.cli.vectors import run

    sys.exit(run(file, say=click.echo))


@cli.command()
def version() -> None:
    """Print the version."""
    click.echo(plainsail.__version__)
