"""The project that the load benchmarks run: a CSV export into a database table, mapped and checked."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import FIELDS, HEADERS

_TYPES = {"code": "code", "level": "code", "credit": "decimal", "updated_at": "instant"}
_IN = {
    "name": "transform: [trim]",
    "level": 'values: {A: "1", B: "2", C: "3", D: "4"}',
    "credit": "transform: [number]",
    "updated_at": 'transform: [{use: instant, format: "yyyy/MM/dd HH:mm:ss"}]',
}


def write(folder: Path, csv_name: str, target_url: str) -> None:
    """Put the documents into `folder`; the CSV file lies in folder/data."""
    fields = [f for f in FIELDS if f != "id"]
    docs = {
        "connections/source.yaml": f"""connection: source
connector: files
settings:
  location: data
  objects:
    customers: {{file: {csv_name}, key: [客户ID], writable: false}}
""",
        "connections/target.yaml": f"""connection: target
connector: sql
settings:
  url: {target_url}
  zone: Asia/Shanghai
  objects:
    customer: {{id: [code], key: [code], create: upsert}}
""",
        "entities/customer.yaml": "entity: customer\nmatch: [[code]]\nfields:\n"
        + "".join(f"  {f}: {{type: {_TYPES.get(f, 'text')}}}\n" for f in fields),
        "mappings/from_source.yaml": "mapping: from_source\nconnection: source\nobject: customers\nentity: customer\n"
        "update: false\nfields:\n"
        + "".join(
            f"  - {{field: {f}, from: {h}, direction: in{', ' + _IN[f] if f in _IN else ''}}}\n"
            for f, h in zip(FIELDS, HEADERS, strict=True)
            if f != "id"
        ),
        "mappings/to_target.yaml": "mapping: to_target\nconnection: target\nobject: customer\nentity: customer\n"
        "create: true\nfields:\n" + "".join(f"  - {{field: {f}, from: {f}}}\n" for f in fields),
        "flows/customers.yaml": "flow: customers\nmappings: [from_source, to_target]\nschedule: 1h\n",
    }
    for name, text in docs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


DDL = (
    "create table customer (code varchar(20) primary key, name varchar(200), name_en varchar(200), tax varchar(40), "
    "phone varchar(40), email varchar(200), address varchar(300), level varchar(4), credit decimal(14,2), "
    "owner varchar(40), updated_at timestamp)"
)
