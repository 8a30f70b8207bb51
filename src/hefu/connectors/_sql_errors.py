"""What a database complains of, as one of our errors.

Sources: PostgreSQL Appendix A (SQLSTATE), MySQL/MariaDB error reference (numbers), SQLite result codes, SQL Server
and Oracle messages manuals.
"""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy.exc

from hefu.core.errors import Denied, HubError, Rejected, Transient, Unsupported

# class of error -> (our class, code); the longest prefix wins
_STATES: dict[str, tuple[type[HubError], str]] = {
    "23505": (Rejected, "sql.duplicate"),
    "23502": (Rejected, "sql.required"),
    "23514": (Rejected, "sql.check"),
    "23503": (Rejected, "sql.reference"),
    "23": (Rejected, "sql.refused"),
    "22001": (Rejected, "sql.too_long"),
    "22": (Rejected, "sql.refused"),
    "21000": (Rejected, "sql.refused"),
    "P0001": (Rejected, "sql.refused"),
    "40": (Transient, "sql.busy"),
    "55": (Transient, "sql.busy"),
    "57014": (Transient, "sql.too_slow"),
    "57": (Transient, "sql.unreachable"),
    "53": (Transient, "sql.busy"),
    "08": (Transient, "sql.unreachable"),
    "28": (Denied, "sql.denied"),
    "42501": (Denied, "sql.no_right"),
    "25006": (Denied, "sql.no_right"),
    "25P03": (Transient, "sql.unreachable"),
    "3D000": (Unsupported, "sql.no_database"),
    "42P01": (Unsupported, "sql.drift"),
    "42S02": (Unsupported, "sql.drift"),
    "42703": (Unsupported, "sql.drift"),
    "42S22": (Unsupported, "sql.drift"),
    "3F000": (Unsupported, "sql.drift"),
    "HYT": (Transient, "sql.too_slow"),
}
_DUPLICATE, _REQUIRED = (Rejected, "sql.duplicate"), (Rejected, "sql.required")
_LONG, _ODD, _CHECK = (Rejected, "sql.too_long"), (Rejected, "sql.refused"), (Rejected, "sql.check")
_REFERENCE, _BUSY, _AWAY = (Rejected, "sql.reference"), (Transient, "sql.busy"), (Transient, "sql.unreachable")
_DENIED, _RIGHT, _DRIFT = (Denied, "sql.denied"), (Denied, "sql.no_right"), (Unsupported, "sql.drift")
_MYSQL: dict[int, tuple[type[HubError], str]] = {
    **dict.fromkeys((1062, 1586, 1022), _DUPLICATE),
    **dict.fromkeys((1048, 1364, 1263), _REQUIRED),
    **dict.fromkeys((1406,), _LONG),
    **dict.fromkeys((1264, 1265, 1292, 1366, 1367, 1411, 1690, 1644), _ODD),
    **dict.fromkeys((3819, 4025), _CHECK),
    **dict.fromkeys((1451, 1452, 1216, 1217), _REFERENCE),
    **dict.fromkeys((1205, 1213, 1020, 1040, 1203, 1226, 1153), _BUSY),
    **dict.fromkeys((1969, 3024, 1317), (Transient, "sql.too_slow")),
    **dict.fromkeys((2002, 2003, 2005, 2006, 2013, 2014, 2055, 1053, 1077, 1152, 1158, 1159, 1160, 1161, 0), _AWAY),
    **dict.fromkeys((1045, 1044, 1698, 1130, 1862, 1820, 1396), _DENIED),
    **dict.fromkeys((1142, 1143, 1227, 1290, 1370, 1792, 1836), _RIGHT),
    **dict.fromkeys((1146, 1054, 1051), _DRIFT),
    1049: (Unsupported, "sql.no_database"),
}
_SQLITE: dict[str, tuple[type[HubError], str]] = {
    "SQLITE_CONSTRAINT_UNIQUE": _DUPLICATE,
    "SQLITE_CONSTRAINT_PRIMARYKEY": _DUPLICATE,
    "SQLITE_CONSTRAINT_ROWID": _DUPLICATE,
    "SQLITE_CONSTRAINT_NOTNULL": _REQUIRED,
    "SQLITE_CONSTRAINT_CHECK": _CHECK,
    "SQLITE_CONSTRAINT_FOREIGNKEY": _REFERENCE,
    "SQLITE_CONSTRAINT": _ODD,
    "SQLITE_MISMATCH": _ODD,
    "SQLITE_TOOBIG": _LONG,
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_FULL": _BUSY,
    "SQLITE_IOERR": _AWAY,
    "SQLITE_READONLY": _RIGHT,
    "SQLITE_PERM": _RIGHT,
    "SQLITE_AUTH": _RIGHT,
    "SQLITE_CANTOPEN": (Unsupported, "sql.no_database"),
    "SQLITE_NOTADB": (Unsupported, "sql.no_database"),
    "SQLITE_ERROR": _DRIFT,
}
_ORACLE: dict[int, tuple[type[HubError], str]] = {
    1: _DUPLICATE,
    1400: _REQUIRED,
    1407: _REQUIRED,
    12899: _LONG,
    **dict.fromkeys((1438, 1722, 1858, 1861, 20000), _ODD),
    2290: _CHECK,
    **dict.fromkeys((2291, 2292), _REFERENCE),
    **dict.fromkeys((54, 60, 8177, 30006), _BUSY),
    **dict.fromkeys((3113, 3114, 3135, 12541, 12170, 12514, 28), _AWAY),
    **dict.fromkeys((1017, 28000, 28001), _DENIED),
    **dict.fromkeys((1031, 1045), _RIGHT),
    **dict.fromkeys((942, 904), _DRIFT),
}
# A refused connection carries no SQLSTATE (libpq), only words in the server's language.
_WORDS: tuple[tuple[str, tuple[type[HubError], str]], ...] = (
    (r"password|authentication|认证|密码|pg_hba|role .* does not exist|角色.*不存在|no password supplied", _DENIED),
    (r"permission denied|权限不够|权限", _RIGHT),
    (r"database .* does not exist|数据库.*不存在", (Unsupported, "sql.no_database")),
)
_FIELDS = (
    r"constraint failed: \w+\.(\w+)",  # SQLite
    r"[Cc]olumn '([^']+)'",  # MySQL
    r'column "([^"]+)"',  # PostgreSQL
    r'\."(\w+)"\)',  # Oracle
    r"Key \((?:lower\()?\"?(\w+)",  # PostgreSQL, duplicate
    r"'(?:\w+\.)?(\w+)'\s*$",  # MySQL, key name
)
_SECRETS = re.compile(r"(password\s*[=:]\s*)\S+", re.IGNORECASE)


def told(error: BaseException, *, connection: str, obj: str = "", columns: tuple[str, ...] = ()) -> HubError:
    """The error of ours for one of SQLAlchemy's or the driver's; a HubError as it is.

    `columns`: names that a field in the message must be one of.
    """
    if isinstance(error, HubError):
        return error
    kind, code = _class_of(error)
    orig = getattr(error, "orig", None) or error
    message = _SECRETS.sub(r"\1***", str(orig.args[-1] if orig.args else orig)).strip().split("\n")[0][:300]
    facts: dict[str, Any] = {"connection": connection, "object": obj, "message": message}
    if kind is Rejected:
        name = _field_of(orig, columns)
        return Rejected(code, field=name, name=name or "?", **facts)
    return kind(code, **facts)


def speaks_database(error: BaseException) -> bool:
    """Whether the error tells of the database or the data, rather than of a fault in our program."""
    if isinstance(error, sqlalchemy.exc.SQLAlchemyError):
        known = (sqlalchemy.exc.DBAPIError, sqlalchemy.exc.NoSuchTableError, sqlalchemy.exc.TimeoutError)
        return isinstance(error, known)
    if isinstance(error, OverflowError | UnicodeEncodeError):
        return True
    module = type(error).__module__.partition(".")[0]
    return module in ("psycopg", "pymysql", "sqlite3", "oracledb", "pyodbc")


def lost(error: BaseException) -> bool:
    """Whether the connection broke, so that nobody knows what became of a commit."""
    return _class_of(error)[1] in ("sql.unreachable", "sql.too_slow")


def _class_of(error: BaseException) -> tuple[type[HubError], str]:
    if isinstance(error, sqlalchemy.exc.NoSuchTableError):
        return _DRIFT
    if isinstance(error, sqlalchemy.exc.TimeoutError):  # no connection left in the pool
        return _BUSY
    orig = getattr(error, "orig", None) or error
    first = orig.args[0] if orig.args else ""
    if re.search(r"certificate|does not support SSL|SSL connection is required", str(orig), re.IGNORECASE):
        return (Unsupported, "sql.tls")
    if name := getattr(orig, "sqlite_errorname", None):
        return _sqlite(name, str(first))
    if isinstance(first, int):  # MySQL; its SQLSTATE is coarser
        return _MYSQL.get(first, (Rejected, "sql.refused"))
    if state := getattr(orig, "sqlstate", None):
        return _prefixed(state) or (Rejected, "sql.refused")
    if number := getattr(first, "code", None):  # Oracle
        return _ORACLE.get(number, (Rejected, "sql.refused"))
    if isinstance(first, str) and re.fullmatch(r"[0-9A-Z]{5}", first):  # ODBC
        return _prefixed(first) or (Rejected, "sql.refused")
    return _worded(error, str(orig))


def _sqlite(name: str, message: str) -> tuple[type[HubError], str]:
    if name == "SQLITE_ERROR" and not re.search(r"no such|has no column", message):
        return _ODD
    while name not in _SQLITE and "_" in name:
        name = name.rpartition("_")[0]
    return _SQLITE.get(name, _ODD)


def _prefixed(state: str) -> tuple[type[HubError], str] | None:
    return next((_STATES[state[:n]] for n in (5, 3, 2) if state[:n] in _STATES), None)


def _worded(error: BaseException, message: str) -> tuple[type[HubError], str]:
    if not re.search("closed|lost|reset|EOF", message):
        for pattern, found in _WORDS:
            if re.search(pattern, message, re.IGNORECASE):
                return found
    kind = type(getattr(error, "orig", None) or error).__name__
    return _AWAY if kind in ("OperationalError", "InterfaceError", "ConnectionTimeout") else _ODD


def _field_of(orig: BaseException, columns: tuple[str, ...]) -> str | None:
    named = getattr(getattr(orig, "diag", None), "column_name", None)
    lower = {c.lower(): c for c in columns}
    if named and named.lower() in lower:
        return lower[named.lower()]
    detail = getattr(getattr(orig, "diag", None), "message_detail", None) or ""
    text = f"{orig.args[-1] if orig.args else orig}\n{detail}"
    for pattern in _FIELDS:
        for found in re.findall(pattern, text):
            if found.lower() in lower:
                return lower[found.lower()]
    return None
