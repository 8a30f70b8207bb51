"""Files elsewhere: any fsspec location, and SFTP with a host key that must be known.

A remote file is read from a private copy. A new version is sent under another name and renamed, so that nobody sees
half of it; names cannot be exchanged there, so the check for another program's version is one call wide.
"""

from __future__ import annotations

import importlib
import os
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from hefu.connectors._file_place import Place, Snapshot, Stamp, hidden, name_of, told
from hefu.connectors._file_settings import FilesSettings
from hefu.core.errors import Denied, HubError, Stale, Transient, Unanswered, Unsupported

PROTOCOLS = ("sftp", "ssh", "ftp", "smb", "s3", "s3a", "gs", "gcs", "az", "abfs", "oss", "memory")
"""What may be named in `location`. Not http: the way to web addresses is the hub's own client."""

_WITH_FOLDERS = ("sftp:", "ssh:", "ftp:", "smb:")
"""Elsewhere a folder is there as soon as a file is in it."""

_CHANGED = ("mtime", "LastModified", "last_modified", "modified", "updated", "created")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "generation")


def remote(settings: FilesSettings) -> Remote:
    """The location of the settings. Raises Unsupported for a protocol that is not allowed or not installed."""
    url = urlsplit(settings.location)
    if url.scheme not in PROTOCOLS or "::" in settings.location:
        known = ", ".join(PROTOCOLS)
        raise Unsupported("files.protocol", protocol=settings.location.partition("://")[0], known=known)
    if url.password:
        raise Unsupported("files.password_in_url", place=f"{url.scheme}://{url.hostname}")
    if url.scheme in ("sftp", "ssh"):
        root = unquote(url.path) or "."
        return Remote(f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}", root, partial(_sftp, settings, url))
    return Remote(settings.location, _root(settings), partial(_other, settings, url))


def _other(settings: FilesSettings, url: SplitResult) -> Any:
    import fsspec

    options: dict[str, Any] = {name: value.get_secret_value() for name, value in settings.options.items()}
    if settings.user:
        options["username"] = settings.user
    if settings.password is not None:
        options["password"] = settings.password.get_secret_value()
    try:
        return fsspec.core.url_to_fs(settings.location, **options)[0]
    except (ImportError, ValueError) as error:
        raise Unsupported("files.extra", protocol=url.scheme, needs=_needed(error, url.scheme)) from error


def _needed(error: Exception, protocol: str) -> str:
    name = getattr(error, "name", None) or getattr(error.__cause__, "name", None)
    return str(name or f"fsspec for {protocol}")


def _root(settings: FilesSettings) -> str:
    import fsspec

    url = settings.location
    try:
        return str(fsspec.get_filesystem_class(urlsplit(url).scheme)._strip_protocol(url))
    except (ImportError, ValueError) as error:
        raise Unsupported("files.extra", protocol=urlsplit(url).scheme, needs=_needed(error, url)) from error


def _sftp(settings: FilesSettings, url: SplitResult) -> Any:
    """A connected file system. Raises Denied for a wrong host key, user or password."""
    try:
        paramiko = importlib.import_module("paramiko")
        base = importlib.import_module("fsspec.implementations.sftp").SFTPFileSystem
    except ImportError as error:
        raise Unsupported("files.extra", protocol=url.scheme, needs=error.name or "paramiko") from error
    where, port = f"{url.scheme}://{url.hostname}", url.port or 22

    class Refuse(paramiko.MissingHostKeyPolicy):  # type: ignore[misc,name-defined]
        def missing_host_key(self, client: object, hostname: str, key: Any) -> None:
            raise Denied("files.host_key", place=where, shown=f"{key.get_name()} {key.get_base64()}")

    class Sftp(base):  # type: ignore[misc,valid-type]
        def _connect(self) -> None:
            self.client = paramiko.SSHClient()
            self.client.set_missing_host_key_policy(Refuse())
            _trust(paramiko, self.client, settings, url.hostname or "", port)
            self.client.connect(url.hostname, port, **_login(settings, url))
            self.ftp = self.client.open_sftp()
            self.ftp.get_channel().settimeout(settings.timeout)

    try:
        return Sftp(url.hostname, skip_instance_cache=True)
    except paramiko.BadHostKeyException as error:
        shown = f"{error.key.get_name()} {error.key.get_base64()}"
        raise Denied("files.host_key", place=where, shown=shown) from error
    except (paramiko.AuthenticationException, paramiko.PasswordRequiredException) as error:
        raise Denied("files.login", place=where) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Transient("files.unreachable", place=where, reason=str(error) or type(error).__name__) from error


def _trust(paramiko: Any, client: Any, settings: FilesSettings, host: str, port: int) -> None:
    if settings.host_key is None:
        client.load_system_host_keys()
        return
    name = host if port == 22 else f"[{host}]:{port}"
    entry = paramiko.hostkeys.HostKeyEntry.from_line(f"{name} {settings.host_key}")
    if entry is None or entry.key is None:
        raise Unsupported("files.bad_host_key", place=host)
    client.get_host_keys().add(name, entry.key.get_name(), entry.key)


def _login(settings: FilesSettings, url: SplitResult) -> dict[str, Any]:
    password = settings.password.get_secret_value() if settings.password else None
    return {
        "username": settings.user or unquote(url.username or ""),
        "password": password,
        "passphrase": password if settings.key_file else None,
        "key_filename": settings.key_file,
        "look_for_keys": False,
        "allow_agent": False,
        "timeout": settings.timeout,
        "banner_timeout": settings.timeout,
        "auth_timeout": settings.timeout,
    }


class Remote(Place):
    """A folder of an fsspec file system, connected when first needed and again after a cut."""

    def __init__(self, where: str, root: str, connect: Any) -> None:
        super().__init__(where)
        self.root, self._connect = root.rstrip("/"), connect
        self._fs: Any = None
        self._line = threading.RLock()
        self._locks: dict[str, threading.Lock] = {}
        self._drafts = count()

    def _path(self, name: str) -> str:
        return f"{self.root}/{name}" if name else self.root or "/"

    @contextmanager
    def _asking(self, name: str) -> Iterator[Any]:
        """The file system, one call at a time, with its errors in our words."""
        with self._line:
            if self._fs is None or not _alive(self._fs):
                self._fs = self._connect()
            try:
                yield self._fs
            except HubError:
                raise
            except FileNotFoundError:
                raise
            except OSError as error:
                if error.errno is None or isinstance(error, ConnectionError | TimeoutError):
                    raise self._cut(error) from error
                raise name_of(error, self.show(name)) from error
            except Exception as error:  # every file system has errors of its own
                raise self._cut(error) from error

    def _cut(self, error: Exception) -> Transient:
        self._fs = None
        return Transient("files.unreachable", place=self.where, reason=str(error)[:200] or type(error).__name__)

    def check(self, *, writes: bool) -> None:
        """Lists the folder."""
        try:
            with self._asking("") as fs:
                fs.ls(self._path(""), detail=False)
        except FileNotFoundError as error:
            if self.where.startswith(_WITH_FOLDERS):
                raise Unsupported("files.no_folder", folder=self.where) from error

    def stat(self, name: str) -> Stamp | None:
        """One call, or two where the first does not tell the time."""
        try:
            with self._asking(name) as fs:
                fs.invalidate_cache()
                return _stamp(fs, self._path(name), fs.info(self._path(name)))
        except FileNotFoundError:
            return None

    def names(self, folder: str) -> list[str]:
        """Regular files only."""
        try:
            with self._asking(folder) as fs:
                fs.invalidate_cache()
                found = fs.ls(self._path(folder), detail=True)
        except FileNotFoundError as error:
            if not self.where.startswith(_WITH_FOLDERS):
                return []
            raise Transient("files.absent", file=self.show(folder)) from error
        return [str(f["name"]).rstrip("/").rpartition("/")[2] for f in found if f["type"] == "file"]

    def snapshot(self, name: str) -> Snapshot:
        """A private copy, which must not have changed while it was fetched."""
        keeper = TemporaryDirectory(prefix="hefu-copy-")
        path = Path(keeper.name) / name.rpartition("/")[2]
        before = self.stat(name)
        try:
            with told(str(path)), self._asking(name) as fs:
                fs.get_file(self._path(name), str(path))
        except FileNotFoundError as error:
            raise Transient("files.absent", file=self.show(name)) from error
        if before is None or before != self.stat(name) or path.stat().st_size != before.size:
            raise Transient("files.moving", file=self.show(name))
        return Snapshot(path, before, name, self, keeper)

    @contextmanager
    def draft(self, name: str) -> Iterator[Path]:
        """On this machine; it is sent by `replace`."""
        with TemporaryDirectory(prefix="hefu-draft-") as folder:
            yield Path(folder) / name.rpartition("/")[2]

    def replace(self, name: str, draft: Path, seen: Stamp | None, keep: int = 0) -> None:
        """Sent under another name, then renamed. Raises Unanswered when the rename was not confirmed."""
        sent = hidden(name, f".draft-{os.getpid()}-{next(self._drafts)}")
        self._folder_of(name)
        self._folder_of(sent)
        if seen is not None and keep:
            self._keep(name, keep)
        self._send(draft, sent)
        if self.stat(name) != seen:
            self.remove(sent)
            raise Stale("files.changed", file=self.show(name))
        try:
            self.move(sent, name)
        except Transient as error:
            raise Unanswered("files.unanswered", place=self.where, file=self.show(name)) from error

    def _send(self, draft: Path, name: str) -> None:
        with told(self.show(name)), self._asking(name) as fs:
            fs.put_file(str(draft), self._path(name))

    def _keep(self, name: str, keep: int) -> None:
        """The newest generation is .1"""
        for number in range(keep, 1, -1):
            if self.stat(hidden(name, f".{number - 1}")) is not None:
                self.move(hidden(name, f".{number - 1}"), hidden(name, f".{number}"))
        former = self.snapshot(name)  # its copy lives as long as it does
        self._send(former.path, hidden(name, ".1"))

    def _folder_of(self, name: str) -> None:
        folder = name.rpartition("/")[0]
        if folder:
            with told(self.show(folder)), self._asking(folder) as fs:
                fs.makedirs(self._path(folder), exist_ok=True)

    def move(self, name: str, to: str) -> None:
        """As one step where the file system can do that (SFTP can)."""
        self._folder_of(to)
        with told(self.show(name)), self._asking(name) as fs:
            fs.mv(self._path(name), self._path(to))

    def remove(self, name: str) -> None:
        """One call."""
        try:
            with self._asking(name) as fs:
                fs.rm(self._path(name))
        except FileNotFoundError:
            return

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Among the threads of this process; against others stands the check of the version seen."""
        with self._line:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            yield

    def close(self) -> None:
        """End the session."""
        with self._line:
            client = getattr(self._fs, "client", None)
            if client is not None and hasattr(client, "close"):
                client.close()
            self._fs = None


def _alive(fs: Any) -> bool:
    """A session of SFTP may have been cut since; others connect by themselves."""
    client: Any = getattr(fs, "client", None)
    if not hasattr(client, "get_transport"):
        return True
    transport = client.get_transport()
    return transport is not None and bool(transport.is_active())


def _stamp(fs: Any, path: str, info: Mapping[str, Any]) -> Stamp:
    changed = next((info[word] for word in _CHANGED[:-1] if info.get(word) is not None), None)
    if changed is None:
        try:
            changed = fs.modified(path)
        except NotImplementedError:
            changed = info.get("created", 0)
    tag = next((str(info[word]) for word in _TAGS if info.get(word)), "")
    return Stamp(int(info.get("size") or 0), _nanoseconds(changed), zlib.crc32(tag.encode()))


def _nanoseconds(changed: Any) -> int:
    if isinstance(changed, datetime):
        moment = changed if changed.tzinfo else changed.replace(tzinfo=UTC)
        return int(moment.timestamp()) * 10**9 + moment.microsecond * 1000
    if isinstance(changed, int | float):
        return int(changed * 10**9)
    return zlib.crc32(str(changed).encode())


__all__ = ["PROTOCOLS", "Remote", "remote"]
