"""Where files live, with the few verbs that the file connector needs, and the local folder that has them.

A file is read from a snapshot that knows whether it was changed meanwhile, and replaced as a whole or not at all:
nobody ever sees half a file, and a version that we have not read is never written over.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import count
from pathlib import Path
from typing import NamedTuple

from hefu.core.errors import Denied, HubError, Stale, Transient, Unsupported

HIDDEN = ".hefu"
"""Folder beside the files for what is ours: former generations, locks, the ledger, files under way."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp", "~")
_DAY_NS = 86_400 * 10**9


class Stamp(NamedTuple):
    """What tells one version of a file from another without reading it. `mark` is an inode or a server's etag."""

    size: int
    mtime_ns: int
    mark: int


@dataclass(frozen=True)
class Snapshot:
    """One version of a file, readable under a local path."""

    path: Path
    stamp: Stamp
    name: str
    place: Place
    keeper: object = None
    """Keeps a private copy alive; None where `path` is the file itself."""

    @property
    def where(self) -> str:
        """The file's address for a message."""
        return self.place.show(self.name)


@contextmanager
def told(where: str) -> Iterator[None]:
    """Say in our words what the operating system says about a file."""
    try:
        yield
    except OSError as error:
        raise name_of(error, where) from error


def name_of(error: OSError, where: str) -> HubError:
    """Our error for one of the operating system's."""
    if isinstance(error, FileNotFoundError):
        return Transient("files.absent", file=where)
    if error.errno in _FULL:
        return Transient("files.disk_full", file=where)
    if isinstance(error, PermissionError) or error.errno in _RIGHTS:
        return Denied("files.denied", file=where)
    return Transient("files.io", file=where, reason=error.strerror or str(error) or type(error).__name__)


class Place(ABC):
    """A folder with files. Names are relative, with forward slashes."""

    def __init__(self, where: str) -> None:
        self.where = where.rstrip("/") or "/"

    def show(self, name: str) -> str:
        """The file's address for a message; carries no password."""
        return f"{self.where}/{name}" if name else self.where

    @abstractmethod
    def check(self, *, writes: bool) -> None:
        """Raises Transient, Denied or Unsupported when the folder cannot be listed (or written)."""

    @abstractmethod
    def stat(self, name: str) -> Stamp | None:
        """The file's stamp, None where there is no file."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Names of the files directly in that folder ("" for the place itself), without the folder."""

    @abstractmethod
    def snapshot(self, name: str) -> Snapshot:
        """A readable version of the file. Raises Transient when it is not there."""

    @abstractmethod
    def draft(self, name: str) -> AbstractContextManager[Path]:
        """A local path to write a new version of the file to; gone afterwards unless it was put in place."""

    @abstractmethod
    def replace(self, name: str, draft: Path, seen: Stamp | None, keep: int = 0) -> None:
        """Put the draft in place of the version `seen` (None: of no file), and keep that many former versions.

        Raises Stale, and changes nothing, when the file is no longer the version seen.
        """

    @abstractmethod
    def move(self, name: str, to: str) -> None:
        """Rename within the place; replaces `to`."""

    @abstractmethod
    def remove(self, name: str) -> None:
        """Delete the file if it is there."""

    @abstractmethod
    def lock(self, name: str) -> AbstractContextManager[None]:
        """Keep other workers of ours from the file, as far as the place can do that."""

    def close(self) -> None:
        """Give back what is open."""

    def glob(self, pattern: str) -> list[str]:
        """Names of the files that match, sorted, without those that another program is still writing."""
        folder, _, last = pattern.rpartition("/")
        found = sorted(n for n in self.names(folder) if fnmatchcase(n, last) and not _unfinished(n))
        return [f"{folder}/{n}" if folder else n for n in found]

    def read_text(self, name: str) -> str:
        """A small text file of ours, "" where there is none."""
        if self.stat(name) is None:
            return ""
        found = self.snapshot(name)  # a private copy lives as long as its snapshot
        with told(found.where):
            return found.path.read_text(encoding="utf-8")

    def write_text(self, name: str, text: str) -> None:
        """Put a small text file of ours in place as a whole."""
        with self.draft(name) as draft:
            with told(self.show(name)):
                draft.write_text(text, encoding="utf-8")
            self.replace(name, draft, self.stat(name))


def _unfinished(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower().endswith(_UNFINISHED)


def hidden(name: str, suffix: str) -> str:
    """A name in our own folder that belongs to that file."""
    return f"{HIDDEN}/{name.replace('/', '__')}{suffix}"


class Folder(Place):
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        super().__init__(str(root))
        self.root = root

    def check(self, *, writes: bool) -> None:
        """Raises Unsupported for what is no folder, Denied where rights are missing."""
        if not self.root.is_dir():
            raise Unsupported("files.no_folder", folder=self.where)
        if not os.access(self.root, os.R_OK | os.X_OK | (os.W_OK if writes else 0)):
            raise Denied("files.denied", file=self.where)

    def stat(self, name: str) -> Stamp | None:
        """One call of the operating system."""
        try:
            return _stamp(self.root / name)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise name_of(error, self.show(name)) from error

    def names(self, folder: str) -> list[str]:
        """Regular files only."""
        with told(self.show(folder)), os.scandir(self.root / folder) as entries:
            return [e.name for e in entries if e.is_file()]

    def snapshot(self, name: str) -> Snapshot:
        """The file itself: no copy."""
        stamp = self.stat(name)
        if stamp is None:
            raise Transient("files.absent", file=self.show(name))
        return Snapshot(self.root / name, stamp, name, self)

    @contextmanager
    def draft(self, name: str) -> Iterator[Path]:
        """In our hidden folder, so on the same file system; also clears what a killed process left a day ago."""
        prefix = hidden(name, ".draft-").rpartition("/")[2]
        home = self.root / HIDDEN
        with told(self.show(name)):
            home.mkdir(parents=True, exist_ok=True)
            path = _new_file(home, prefix)
        _clear_old(home, prefix, path.stat().st_mtime_ns)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def replace(self, name: str, draft: Path, seen: Stamp | None, keep: int = 0) -> None:
        """By exchanging the two names, and back again if what came out is not the version seen."""
        target = self.root / name
        with told(self.show(name)):
            if target.is_symlink():
                raise Unsupported("files.link", file=self.show(name))
            target.parent.mkdir(parents=True, exist_ok=True)
            _like(draft, target)
            sync(draft)
            if seen is None:
                self._add(name, draft, target)
            elif self.stat(name) != seen or not _swap(draft, target, seen):
                raise Stale("files.changed", file=self.show(name))
            elif keep:
                self._keep(name, draft, keep)
            sync(target.parent)

    def _add(self, name: str, draft: Path, target: Path) -> None:
        try:
            os.link(draft, target)
        except FileExistsError as error:
            raise Stale("files.changed", file=self.show(name)) from error

    def _keep(self, name: str, former: Path, keep: int) -> None:
        """The newest generation is .1"""
        for number in range(keep, 1, -1):
            with suppress(FileNotFoundError):
                (self.root / hidden(name, f".{number - 1}")).replace(self.root / hidden(name, f".{number}"))
        former.replace(self.root / hidden(name, ".1"))

    def move(self, name: str, to: str) -> None:
        """Within one file system."""
        with told(self.show(name)):
            (self.root / to).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).replace(self.root / to)
            sync((self.root / to).parent)

    def remove(self, name: str) -> None:
        """One call of the operating system."""
        with told(self.show(name)):
            (self.root / name).unlink(missing_ok=True)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Among all threads and processes of this machine; a killed process gives it back."""
        path = self.root / hidden(name, ".lock")
        with told(self.show(name)):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            with told(self.show(name)):
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _stamp(path: Path) -> Stamp:
    found = path.stat()
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _new_file(home: Path, prefix: str) -> Path:
    """An empty file of a name not yet used, with the rights that this process gives new files."""
    for number in count():
        path = home / f"{prefix}{os.getpid()}-{number}"
        with suppress(FileExistsError):
            path.touch(exist_ok=False)
            return path
    raise AssertionError  # pragma: no cover - count() has no end


def _like(draft: Path, target: Path) -> None:
    """Give the draft the rights of the file that it replaces."""
    with suppress(FileNotFoundError):
        draft.chmod(target.stat().st_mode & 0o7777)


def _clear_old(home: Path, prefix: str, now_ns: int) -> None:
    for path in home.glob(prefix + "*"):
        with suppress(OSError):
            if now_ns - path.stat().st_mtime_ns > _DAY_NS:
                path.unlink()


def _swap(draft: Path, target: Path, seen: Stamp) -> bool:
    """Exchange the two; True when `draft` now is the version seen, else all is as before."""
    if not _exchange(draft, target):
        return _replace_keeping(draft, target, seen)
    if _stamp(draft) == seen:
        return True
    _exchange(draft, target)
    return False


def _replace_keeping(draft: Path, target: Path, seen: Stamp) -> bool:
    """Where names cannot be exchanged: a second name keeps the old version; the gap is two system calls wide."""
    former = draft.with_name(draft.name + ".former")
    os.link(target, former)
    try:
        if _stamp(former) != seen:
            return False
        draft.replace(target)
        former.replace(draft)
        return True
    finally:
        former.unlink(missing_ok=True)


def _exchange(one: Path, other: Path) -> bool:
    """renameat2(RENAME_EXCHANGE) of Linux (since 3.15); False where kernel, libc or file system have it not."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError):
        return False
    cwd, exchange = -100, 2
    if rename(cwd, os.fsencode(one), cwd, os.fsencode(other), exchange) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(other))


__all__ = ["HIDDEN", "Folder", "Place", "Snapshot", "Stamp", "hidden", "name_of", "told"]
