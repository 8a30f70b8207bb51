/** The money of both books: per measure and currency, and the customers where it does not agree. */
import { Card, Table } from "antd";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { said } from "../../parts/Moved";

type Row = Record<string, unknown>;

export function Money({ proof }: { proof: Shape["Reconciliation"] }) {
  const { t } = useTranslation();
  if (!proof.totals.length) return null;
  const table = (rows: Row[]) => {
    const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].filter((name) => !name.endsWith("_id"));
    return (
      <Table<Row>
        size="small"
        rowKey={(row) => JSON.stringify(row)}
        pagination={rows.length > 20 ? { pageSize: 20, size: "small" } : false}
        dataSource={rows}
        scroll={{ x: "max-content" }}
        columns={names.map((name) => ({
          title: t(`money.${name}`, name),
          dataIndex: name,
          align: rows.every((row) => /^-?[\d.]+$/.test(String(row[name]))) ? ("right" as const) : undefined,
          render: (value: unknown) => amount(value, t),
        }))}
      />
    );
  };
  return (
    <>
      <Card title={t("reconciliation.money")} size="small">
        {table(proof.totals)}
      </Card>
      {proof.balances.length > 0 && (
        <Card title={t("reconciliation.balances")} size="small">
          {table(proof.balances)}
        </Card>
      )}
    </>
  );
}

/** Amounts come as text, so that no cent is lost: only separators are added. */
function amount(value: unknown, t: (key: string, fallback: string) => string): string {
  const text = said(value);
  const found = /^(-?)(\d+)(\.\d+)?$/.exec(text);
  if (!found) return t(`measure.${text}`, text);
  const [, sign, whole = "", rest = ""] = found;
  return `${sign}${whole.replace(/\B(?=(\d{3})+$)/g, ",")}${rest}`;
}
