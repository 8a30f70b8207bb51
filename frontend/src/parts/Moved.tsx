/** Fields with what they were and what they are: only what moved. */
import { Table, Typography } from "antd";
import { useTranslation } from "react-i18next";

export type Moves = Record<string, unknown>;

/** A value as people read it; `***` comes from the hub where it may not be seen. */
export function said(value: unknown): string {
  if (value === null || value === undefined || value === "") return "—";
  if (typeof value === "boolean") return value ? "✓" : "✗";
  if (Array.isArray(value)) return value.map(said).join("; ");
  if (typeof value === "object") {
    return Object.entries(value)
      .filter(([, one]) => one !== null && one !== "")
      .map(([name, one]) => `${name}: ${said(one)}`)
      .join(", ");
  }
  return String(value);
}

export function Moved({ moved, name }: { moved: Moves; name?: (field: string) => string }) {
  const { t } = useTranslation();
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
        { title: t("moved.field"), dataIndex: "field", width: "24%", render: (field: string) => name?.(field) ?? field },
        {
          title: t("moved.before"),
          dataIndex: "before",
          width: "38%",
          render: (v: unknown) => <Typography.Text type="secondary">{said(v)}</Typography.Text>,
        },
        { title: t("moved.after"), dataIndex: "after", render: (v: unknown) => <strong>{said(v)}</strong> },
      ]}
    />
  );
}
