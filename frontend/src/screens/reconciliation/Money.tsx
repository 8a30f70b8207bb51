/** The money of both books: per measure and currency, and the customers where it does not agree. */
import { Card, Table, type TableProps, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { amount, less } from "../../parts/amounts";

type Row = Record<string, unknown>;

export function Money({ proof }: { proof: Shape["Reconciliation"] }) {
  const { t } = useTranslation();
  const names = useNames();
  if (!proof.totals.length) return null;
  const sums = (left: string, right: string): TableProps<Row>["columns"] => [
    { title: t("money.left"), key: "left", align: "right", render: (_, row) => amount(row[left]) },
    { title: t("money.right"), key: "right", align: "right", render: (_, row) => amount(row[right]) },
    { title: t("money.difference"), key: "less", align: "right", render: (_, row) => <Gap text={less(row[left], row[right])} /> },
  ];
  const measure = { title: t("money.measure"), key: "measure", render: (_: unknown, row: Row) => t(`measure.${String(row.measure)}`) };
  const currency = { title: t("money.currency"), key: "currency", render: (_: unknown, row: Row) => String(row.currency || "—") };
  return (
    <>
      <Card title={t("reconciliation.money")} size="small">
        <Amounts
          rows={proof.totals}
          columns={[
            measure,
            currency,
            { title: t("reconciliation.pair"), key: "pair", render: (_, row) => `${names.connection(String(row.left))} ⇄ ${names.connection(String(row.right))}` },
            ...(sums("left_sum", "right_sum") ?? []),
            { title: t("money.disagreeing"), key: "disagreeing", align: "right", render: (_, row) => Number(row.disagreeing ?? 0).toLocaleString() },
          ]}
        />
      </Card>
      {proof.balances.length > 0 && (
        <Card title={t("reconciliation.balances")} size="small">
          <Amounts
            rows={proof.balances}
            columns={[
              { title: t("money.customer"), key: "customer", render: (_, row) => String(row.customer_title || row.customer || "—") },
              { title: t("money.period"), key: "period", render: (_, row) => String(row.period || "—") },
              measure,
              currency,
              ...(sums("left", "right") ?? []),
            ]}
          />
        </Card>
      )}
    </>
  );
}

function Amounts({ rows, columns }: { rows: Row[]; columns: TableProps<Row>["columns"] }) {
  return (
    <Table<Row>
      size="small"
      rowKey={(row) => JSON.stringify(row)}
      pagination={rows.length > 20 ? { pageSize: 20, size: "small" } : false}
      dataSource={rows}
      scroll={{ x: "max-content" }}
      columns={columns}
    />
  );
}

function Gap({ text }: { text: string | null }) {
  const none = text === null || /^-?0(\.0*)?$/.test(text);
  return <Typography.Text type={none ? "secondary" : "warning"} strong={!none}>{amount(text)}</Typography.Text>;
}
