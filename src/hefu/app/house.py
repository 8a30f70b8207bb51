"""What belongs to this machine, and the store, project, connections and hub that follow from it."""

from __future__ import annotations

import os
import secrets as chance
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr, ValidationError

from hefu import connectors
from hefu.app import logs
from hefu.core.connector import Connector, Settings, Site
from hefu.core.env import Env
from hefu.core.errors import HubError, Unsupported
from hefu.core.project import Connection, Project
from hefu.engine.hub import Hub
from hefu.net import Egress
from hefu.store import facts, migrate, projects
from hefu.store.budget import StoreBudget
from hefu.store.db import LEASE_SECONDS, Store
from hefu.store.documents import Loaded, load
from hefu.store.secrets import MasterKeys, Secrets, make_key_file, opener

HOME = ".hefu"


@dataclass(frozen=True)
class Machine:
    """What belongs to this machine and never enters a project, from the environment.

    HEFU_STORE: database URL (default: sqlite in .hefu/ of the working folder).  HEFU_HOME: folder of keys and the
    default database.  HEFU_LISTEN: host:port for webhooks and health.  HEFU_LANGUAGE: en or zh (default: locale).
    HEFU_LOG_LEVEL, HEFU_LOG_FORMAT: see `logs`.  HEFU_TRACES: see `tracing`.
    HEFU_URL: where people reach the console, for the links of notices (default: http:// and HEFU_LISTEN).
    HEFU_LEASE: seconds (at least 1) after which a silent worker's work goes to the others; the same for all workers.
    """

    folder: Path
    home: Path
    store_url: str
    listen: str
    lease: float = LEASE_SECONDS
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        """Where people reach the console, without a slash at its end."""
        return (self.environ.get("HEFU_URL") or f"http://{self.listen}").rstrip("/")

    @classmethod
    def here(cls, folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Machine:
        """This machine as the environment describes it, for a project in `folder` (default: where we are)."""
        env = dict(os.environ if environ is None else environ)
        at = (folder or Path.cwd()).resolve()
        home = Path(env.get("HEFU_HOME") or at / HOME)
        url = env.get("HEFU_STORE") or f"sqlite:///{home / 'hub.sqlite'}"
        return cls(at, home, url, env.get("HEFU_LISTEN") or "127.0.0.1:8480", _lease(env.get("HEFU_LEASE")), env)


def _lease(given: str | None) -> float:
    try:
        seconds = float(given) if given else LEASE_SECONDS
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= 3600:
        raise Unsupported("app.lease", given=given)
    return seconds


class _SettingsTypes(Mapping[str, type[Settings]]):
    """A connector is loaded when its settings are asked for; one whose library is missing is not there."""

    def __getitem__(self, name: str) -> type[Settings]:
        try:
            return connectors.find(name).settings_type
        except Unsupported as error:  # a third party's must not stop the others
            raise KeyError(name) from error

    def __iter__(self) -> Iterator[str]:
        return (name for name in connectors.names() if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def settings_types() -> Mapping[str, type[Settings]]:
    """Connector name -> the type of its settings, for all that can be loaded here."""
    return _SettingsTypes()


class App:
    """An open hub on this machine. Use as a context manager, or call `close`."""

    def __init__(self, machine: Machine, env: Env | None = None, *, create: bool = True) -> None:
        self.machine = machine
        self.env = env or Env()
        if not machine.folder.is_dir():  # a slip of the pen must not make a hub of its own
            raise Unsupported("documents.no_folder", folder=str(machine.folder))
        if machine.store_url.startswith("sqlite:///") and create:
            machine.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.store = Store(machine.store_url, self.env, lease=machine.lease)
        self._lines: dict[str, tuple[Connector, Egress]] = {}
        self._budgets: dict[str, StoreBudget] = {}
        self._opening = threading.Lock()
        self._keys: MasterKeys | None = None
        self._keys_read: tuple[int, ...] = ()
        try:
            migrate.upgrade(self.store)
            if (now_at := migrate.moved_to(self.store)) is not None:
                raise Unsupported("store.moved", to=now_at, store=machine.store_url)
            self.hub_id = self._hub_id()
            self.journal_key = self._journal_key()
            self.keys()
        except BaseException:
            self.store.close()
            raise
        self.secrets = Secrets(
            machine.environ, machine.folder, opener(self.store.look, self.keys, self.hub_id), logs.hide
        )

    def __enter__(self) -> App:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back connections and the store."""
        self.hang_up()
        self.store.close()

    def hang_up(self) -> None:
        """Close every connection; they open again when needed."""
        with self._opening:
            lines, self._lines = self._lines, {}
            budgets, self._budgets = self._budgets, {}
        for line, egress in lines.values():
            line.close()
            egress.close()
        for used in budgets.values():
            used.save()

    def _hub_id(self) -> str:
        with self.store.look() as tx:
            known = facts.get_fact(tx, "id")
        if known is not None:
            return known
        with self.store.begin() as tx:
            tx.lock_name("hub")  # two workers may be the first
            known = facts.get_fact(tx, "id")
            if known is None:
                known = self.env.new_id()
                facts.set_fact(tx, "id", known)
                facts.set_fact(tx, "made_at", tx.now())
            return known

    def _journal_key(self) -> bytes:
        """The key of the audit chain: HEFU_JOURNAL_KEY, else a file beside the store that only we can read."""
        given = self.machine.environ.get("HEFU_JOURNAL_KEY")
        if given:
            return given.encode()
        path = self.machine.home / "journal.key"
        if not path.exists():
            self.machine.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(chance.token_hex(32))
        return path.read_text(encoding="ascii").strip().encode()

    @property
    def key_file(self) -> Path | None:
        """The file that holds the master keys; None where they stand in the environment."""
        environ = self.machine.environ
        if environ.get("HEFU_MASTER_KEY"):
            return None
        return Path(environ.get("HEFU_MASTER_KEY_FILE") or self.machine.home / "master.key")

    def keys(self) -> MasterKeys | None:
        """The master keys as they are now, None while there are none: a file that was exchanged is read again."""
        path = self.key_file
        if path is None:
            return MasterKeys.from_environment(self.machine.environ)
        try:
            found = path.stat()
        except FileNotFoundError:
            if self.machine.environ.get("HEFU_MASTER_KEY_FILE"):
                return MasterKeys.from_environment(self.machine.environ)
            return None
        mark = (found.st_ino, found.st_mtime_ns, found.st_size)
        if self._keys is None or mark != self._keys_read:
            given = MasterKeys.from_environment(self.machine.environ)
            self._keys = given or MasterKeys.parse(path.read_text(encoding="ascii"), str(path))
            self._keys_read = mark
        return self._keys

    def master_keys(self) -> MasterKeys:
        """The master keys of this machine; what is sealed first makes one beside the store."""
        found = self.keys()
        if found is None:
            path = self.machine.home / "master.key"
            self.machine.home.mkdir(mode=0o700, parents=True, exist_ok=True)
            with suppress(FileExistsError):  # another process was quicker
                make_key_file(path)
            found = MasterKeys.parse(path.read_text(encoding="ascii"), str(path))
        return found

    # ------------------------------------------------------------------ project

    def load(self, texts: Mapping[str, str]) -> Loaded:
        """Documents with everything that is wrong with them, connectors' settings included."""
        return load(texts, settings_types())

    def project(self, version: int | None = None) -> Project:
        """The newest (or that) version of the project. Raises Unsupported "store.no_project"."""
        with self.store.look() as tx:
            found = projects.texts_of(tx, version)
        if found is None:
            raise Unsupported("store.no_project", version=version or "newest")
        number, texts = found
        return self.load(texts).require().model_copy(update={"version": number})

    def hub(self, project: Project | None = None) -> Hub:
        """The engine's view of a project (default: the newest version)."""
        used = project or self.project()
        return Hub(
            self.store,
            self.env,
            used,
            lambda name: self.connect(used, name),
            journal_key=self.journal_key,
            worker_id=self.env.new_id(),
        )

    # -------------------------------------------------------------- connections

    def connect(self, project: Project, name: str) -> Connector:
        """The open connector of a connection. Raises HubError for wrong settings or a missing secret."""
        doc = project.connections.get(name)
        if doc is None:
            raise Unsupported("app.no_connection", name=name, known=", ".join(sorted(project.connections)) or "-")
        with self._opening:
            if name not in self._lines:
                self._lines[name] = self._open(doc)
            return self._lines[name][0]

    def _open(self, doc: Connection) -> tuple[Connector, Egress]:
        kind = connectors.find(doc.connector)
        plain = self.secrets.resolve(doc.settings, f"connections/{doc.connection}.yaml")
        try:
            settings = kind.settings_type.model_validate(plain)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise Unsupported("app.settings", connection=doc.connection, word=place, said=first["msg"]) from None
        name = doc.connection
        budget = self._budgets.setdefault(name, StoreBudget(self.store, name))
        egress = Egress.of(
            self.env,
            doc,
            plain,
            defaults=settings.model_dump(),
            secrets=_secret_values(settings),
            budget=budget,
            waits=True,
        )
        site = Site(
            http=egress,
            now=self.env.now,
            sleep=self.env.sleep,
            connection=doc.connection,
            folder=str(self.machine.folder),
            facts={
                "zone": doc.zone,
                "lateness": doc.lateness.total_seconds(),
                "clock_tolerance": doc.clock_tolerance.total_seconds(),
                "organisation": doc.organisation,
                "concurrency": doc.limits.concurrency,
                "timeout": doc.limits.timeout.total_seconds(),
            },
        )
        return kind(settings, site), egress

    def calls(self) -> dict[str, int]:
        """Connection -> HTTP calls made by this process."""
        return {name: egress.counts().calls for name, (_, egress) in list(self._lines.items())}

    def check(self, project: Project) -> dict[str, HubError | None]:
        """Try every connection: address, credentials, rights. Connection -> what is wrong, or None.

        In a thread of its own: a call that waits for its answer hears no Ctrl-C, who waits for the thread does.
        """
        return dict(self.env.ahead(self._tried(project)))

    def _tried(self, project: Project) -> Iterator[tuple[str, HubError | None]]:
        for name in project.connections:
            try:
                self.connect(project, name).check()
                yield name, None
            except HubError as error:
                yield name, error


def _secret_values(settings: object) -> list[str]:
    """Every secret text in a connector's settings, so that no error repeats one."""
    out: list[str] = []
    if isinstance(settings, SecretStr):
        return [settings.get_secret_value()]
    if isinstance(settings, Settings):
        for name in type(settings).model_fields:
            out += _secret_values(getattr(settings, name))
    elif isinstance(settings, Mapping):
        for value in settings.values():
            out += _secret_values(value)
    elif isinstance(settings, list | tuple):
        for value in settings:
            out += _secret_values(value)
    return out


def open_app(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> App:
    """The hub of this machine for the project in `folder`. Raises HubError when the store cannot be used."""
    return App(Machine.here(folder, environ))
