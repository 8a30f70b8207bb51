/** Fields with what they were and what they are: only what moved. */
import { Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useNames } from "../api/names";

export type Moves = Record<string, unknown>;

/** A value as people read it; `***` comes from the hub where it may not be seen. `name`: what its parts are called. */
export function said(value: unknown, name: (part: string) => string = (part) => part): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "✓" : "✗";
  if (Array.isArray(value)) return value.map((one) => said(one, name)).join("; ");
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([, one]) => one !== null && one !== "")
      .map(([part, one]) => `${name(part)}: ${said(one, name)}`)
      .join(", ");
  }
  return String(value);
}

export function Moved({ moved, entity }: { moved: Moves; entity: string | null | undefined }) {
  const { t } = useTranslation();
  const names = useNames();
  const rows = Object.entries(moved).map(([field, pair]) => ({
    field,
    before: Array.isArray(pair) && pair.length === 2 ? pair[0] : undefined,
    after: Array.isArray(pair) && pair.length === 2 ? pair[1] : pair,
  }));
  return (
    <Table
      size="small"
      rowKey="field"
      pagination={false}
      dataSource={rows}
      columns={[
        { title: t("moved.field"), dataIndex: "field", width: "24%", render: (field: string) => names.field(entity, field) },
        {
          title: t("moved.before"),
          dataIndex: "before",
          width: "38%",
          render: (v: unknown, row) => <Typography.Text type="secondary">{said(v, (part) => names.field(entity, `${row.field}.${part}`))}</Typography.Text>,
        },
        { title: t("moved.after"), dataIndex: "after", render: (v: unknown, row) => <strong>{said(v, (part) => names.field(entity, `${row.field}.${part}`))}</strong> },
      ]}
    />
  );
}
