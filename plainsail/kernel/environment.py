"""What the surroundings say: data folder, addresses, database, mail server, secret key.

Django-free, so that the edge, the supervisor and Django's settings read the same answers.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlsplit
from uuid import UUID

ERASURES = "erasures.jsonl"
DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class BadEnvironment(Exception):
    """A setting is missing or can't be understood; the message says which and how to mend it."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """Settings of this process. Addresses carry no trailing slash; sizes are bytes."""

    data_dir: Path
    host: str
    """Host name at which the application itself is reached, without port, such as `localhost`."""
    port: int
    bind: str
    """Address the edge listens on."""
    base_url: str
    """Origin of the application, such as `http://localhost:8000`."""
    base_domain: str
    """Sites are served at `<slug>.<base_domain>`."""
    database_url: str
    owner_database_url: str
    edge_database_url: str
    embedded_database: bool
    smtp_url: str
    uses_mail_catcher: bool
    bounce_domain: str
    """Domain of the return paths of all mail, such as `bounces.example.com`; empty where none is set."""
    bounce_port: int
    bounce_bind: str
    bounce_protocol: str
    """`smtp` or `lmtp`."""
    bounce_imap_url: str
    """A mailbox that bounces are read from, in place of a port of our own; empty where there is none."""
    dns_server: str
    """`address` or `address:port` of the resolver that sending domains are checked by; the system's where it is empty."""
    checks_sending_domains: bool
    """Whether a broadcast waits until its domain's DNS is right. Off only where the operator answers for that."""
    secret_key: str
    debug: bool
    trusted_proxies: tuple[str, ...]

    @property
    def takes_in_bounces(self) -> bool:
        """Whether a port of our own is open for mail that comes back."""
        return bool(self.bounce_domain) and not self.bounce_imap_url

    @property
    def run_dir(self) -> Path:
        """Folder of sockets and pid files."""
        return self.data_dir / "run"

    @property
    def web_socket(self) -> Path:
        return Path(os.environ.get("PLAINSAIL_WEB_SOCKET", "") or self.run_dir / "web.sock")

    @property
    def mailbox_dir(self) -> Path:
        """Maildir of the local mail catcher."""
        return self.data_dir / "mailbox"

    @property
    def files_dir(self) -> Path:
        return self.data_dir / "files"

    def files_of(self, workspace_id: UUID) -> Path:
        """Where files of one business lie; erasing it removes the folder."""
        return self.files_dir / "businesses" / workspace_id.hex

    def exports_of(self, workspace_id: UUID) -> Path:
        """Where exports of one business lie: apart from its files, so that no backup holds everything twice."""
        return self.data_dir / "exports" / workspace_id.hex

    @property
    def erasures(self) -> Path:
        """The list of erased businesses: beside the backups, outside the database, so that a restore can erase again."""
        return self.data_dir / "backups" / ERASURES

    @property
    def local_address(self) -> str:
        """Where this machine itself reaches the edge."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.bind, self.bind)  # noqa: S104 - compared, not bound

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def public_port_suffix(self) -> str:
        """`:8000`, or nothing where the port goes without saying."""
        origin = self.base_url.split("://", 1)[1]
        return f":{origin.rsplit(':', 1)[1]}" if ":" in origin else ""


def data_dir() -> Path:
    """PLAINSAIL_DATA, or `data` in the current checkout."""
    configured = os.environ.get("PLAINSAIL_DATA", "")
    return Path(configured).expanduser().resolve() if configured else Path(__file__).resolve().parents[2] / "data"


def secret_key(folder: Path) -> str:
    """SECRET_KEY from the environment, else the one kept in the data folder (made on first use, mode 600)."""
    if given := os.environ.get("SECRET_KEY", ""):
        if len(given) < 32:
            raise BadEnvironment("SECRET_KEY is shorter than 32 characters. Take a longer one, or unset it.")
        return given
    path = folder / "secret_key"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _settled_key(path)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text()


def _settled_key(path: Path) -> str:
    """Another process may be between making the file and writing it; an empty key is never used."""
    import time

    for _attempt in range(100):
        if key := path.read_text().strip():
            return key
        time.sleep(0.02)
    raise BadEnvironment(
        f"{path} is empty. Delete it to have a new key made; signed links of before then stop working."
    )


def _flag(name: str) -> bool:
    return os.environ.get(name, "").lower() in {"1", "true", "yes", "on"}


def _port(name: str, default: int) -> int:
    given = os.environ.get(name, "") or str(default)
    if not given.isdigit() or not 0 < int(given) < 65536:
        raise BadEnvironment(f"{name} is {given!r}; it must be a number from 1 to 65535.")
    return int(given)


def _domain(name: str) -> str:
    given = os.environ.get(name, "").strip().rstrip(".").lower()
    if given and not DOMAIN.fullmatch(given):
        raise BadEnvironment(f"{name} is {given!r}; it must be a domain, such as bounces.example.com.")
    return given


def _one_of(name: str, choices: tuple[str, ...]) -> str:
    given = os.environ.get(name, "").lower() or choices[0]
    if given not in choices:
        raise BadEnvironment(f"{name} is {given!r}; it must be {' or '.join(choices)}.")
    return given


def _imap(name: str) -> str:
    given = os.environ.get(name, "")
    if not given:
        return ""
    try:
        parts = urlsplit(given)
        is_whole = parts.scheme in {"imap", "imaps"} and bool(parts.hostname and parts.username) and parts.port != 0
    except ValueError:  # a port that is no number
        is_whole = False
    if not is_whole:
        raise BadEnvironment(f"{name} must look like imaps://user:password@mail.example.com/INBOX.")
    return given


def _database(name: str) -> str:
    given = os.environ.get(name, "")
    if given and not given.startswith(("postgresql://", "postgres://")) and not _is_keywords(given):
        raise BadEnvironment(f"{name} must look like postgresql://user:password@host:5432/database.")
    return given


def _is_keywords(given: str) -> bool:
    """Whether it is libpq's other form, `host=… dbname=…`."""
    import psycopg.conninfo  # here, since the supervisor has to stay small

    try:
        psycopg.conninfo.conninfo_to_dict(given)
    except psycopg.ProgrammingError:
        return False
    return True


@cache
def current() -> Environment:
    """The surroundings of this process, read once. Raises BadEnvironment."""
    folder = data_dir()
    port = _port("PORT", 8000)
    base_url = os.environ.get("PLAINSAIL_URL", f"http://localhost:{port}").rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise BadEnvironment(f"PLAINSAIL_URL is {base_url!r}; it must start with http:// or https://.")
    host = base_url.split("://", 1)[1].split("/", 1)[0].rsplit(":", 1)[0].lower()
    given_database = _database("DATABASE_URL")
    embedded = {} if given_database else _embedded_urls(folder)
    database_url = given_database or embedded["app"]
    smtp_url = os.environ.get("SMTP_URL", "")
    return Environment(
        data_dir=folder,
        host=host,
        port=port,
        bind=os.environ.get("PLAINSAIL_BIND", "0.0.0.0"),  # noqa: S104 - a server is meant to be reached
        base_url=base_url,
        base_domain=os.environ.get("PLAINSAIL_DOMAIN", host).lower(),
        database_url=database_url,
        owner_database_url=_database("DATABASE_OWNER_URL") or given_database or embedded["owner"],
        edge_database_url=_database("DATABASE_EDGE_URL") or given_database or embedded["edge"],
        embedded_database=not given_database,
        smtp_url=smtp_url or f"smtp://127.0.0.1:{catcher_port(port)}",
        uses_mail_catcher=not smtp_url,
        bounce_domain=_domain("BOUNCE_DOMAIN"),
        bounce_port=_port("BOUNCE_PORT", min(port + 26, 65535)),
        bounce_bind=os.environ.get("BOUNCE_BIND", "") or os.environ.get("PLAINSAIL_BIND", "0.0.0.0"),  # noqa: S104 - as above
        bounce_protocol=_one_of("BOUNCE_PROTOCOL", ("smtp", "lmtp")),
        bounce_imap_url=_imap("BOUNCE_IMAP_URL"),
        dns_server=os.environ.get("DNS_SERVER", ""),
        checks_sending_domains=_one_of("SENDING_CHECKS", ("on", "off")) == "on",
        secret_key=secret_key(folder),
        debug=_flag("PLAINSAIL_DEBUG"),
        trusted_proxies=tuple(filter(None, os.environ.get("PLAINSAIL_TRUSTED_PROXIES", "").split(","))),
    )


def catcher_port(port: int) -> int:
    """Port of the local mail catcher: MAILCATCHER_PORT, else the web port plus 25."""
    return _port("MAILCATCHER_PORT", min(port + 25, 65535))


def _embedded_urls(folder: Path) -> dict[str, str]:
    """URLs with passwords that the embedded server left for its roles; before its first start they reach nothing."""
    path = folder / "postgres" / "urls.json"
    try:
        urls: dict[str, str] = json.loads(path.read_text())
    except FileNotFoundError:
        nowhere = quote(str(folder / "postgres" / "socket"), safe="")
        return {role: f"postgresql://ps_{role}@/plainsail?host={nowhere}" for role in ("app", "owner", "edge")}
    except PermissionError as error:
        raise BadEnvironment(
            f"{path} may not be read by this user. Run as the user who runs `plainsail up`."
        ) from error
    return urls
