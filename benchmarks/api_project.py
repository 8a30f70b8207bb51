"""The project of the API benchmarks: two described JSON APIs that name everything differently."""

from __future__ import annotations

from pathlib import Path

from benchmarks.api_server import NAMES

_CONVERTED = {"level": 'values: {A: "1", B: "2", C: "3", D: "4"}'}


def write(folder: Path, base: str, page: int, width: int, rate: int) -> None:
    """Put the documents into `folder`. `width`: calls at a time; `rate`: calls a second, 0 for no limit."""
    limits = f"limits: {{concurrency: {width}" + (f", calls_per_second: {rate}" if rate else "") + "}\n"
    since = "{param: updated_since, format: '%Y-%m-%dT%H:%M:%S.%fZ', zone: UTC, ordered: true}"
    paging = f"{{type: page, size: {page}, size_param: page_size, total: total}}"
    listed = f"{{url: /customers, records: data, paging: {paging}, since: {since}}}"
    fields = "".join(
        f"          {name}: {{type: {kind}}}\n"
        for name, kind in {**dict.fromkeys(NAMES.values(), "text"), "customerCode": "code", "grade": "decimal",
                           "creditLimit": "decimal"}.items()
    )  # fmt: skip
    docs = {
        "connections/crm.yaml": f"""connection: crm
connector: rest
lateness: 0s
clock_tolerance: 0s
{limits}settings:
  url: {base}/crm
  webhook:
    signature: {{scheme: none}}
    object: object
    id: id
  objects:
    customers:
      id: code
      modified: updated_at
      key: [code]
      fields:
        code: {{type: code}}
        level: {{type: code}}
        credit: {{type: decimal}}
      infer: true
      read: {listed}
      fetch: {{url: "/customers/{{id}}"}}
""",
        "connections/erp.yaml": f"""connection: erp
connector: rest
lateness: 0s
clock_tolerance: 0s
{limits}settings:
  url: {base}/erp
  objects:
    customers:
      id: customerCode
      version: rev
      modified: updated_at
      key: [customerCode]
      upsert: true
      fields:
{fields}      read: {listed}
      fetch: {{url: "/customers/{{id}}"}}
      create: {{url: /customers, batch: {page}, results: results, result_record: record}}
      update:
        {{url: /customers, method: POST, batch: {page}, id_in: customerCode, version_in: rev, results: results,
         result_record: record}}
""",
        "entities/customer.yaml": "entity: customer\nmatch: [[code]]\nfields:\n"
        + "".join(
            f"  {f}: {{type: {'code' if f in ('code', 'level') else 'decimal' if f == 'credit' else 'text'}}}\n"
            for f in NAMES
        ),
        "mappings/from_crm.yaml": "mapping: from_crm\nconnection: crm\nobject: customers\nentity: customer\n"
        "update: false\nfields:\n"
        + "".join(
            f"  - {{field: {f}, from: {f}, direction: in{', ' + _CONVERTED[f] if f in _CONVERTED else ''}}}\n"
            for f in NAMES
        ),
        "mappings/to_erp.yaml": "mapping: to_erp\nconnection: erp\nobject: customers\nentity: customer\n"
        "create: true\nfields:\n" + "".join(f"  - {{field: {f}, from: {theirs}}}\n" for f, theirs in NAMES.items()),
        "flows/customers.yaml": "flow: customers\nmappings: [from_crm, to_erp]\nschedule: 1h\n",
    }
    for name, text in docs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
