/** Current values side by side: what is agreed, where it came from, and what each system was last found to hold. */
import { Card, Space, Table, Tag, Tooltip, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { Moment } from "../../parts/Moment";
import { said } from "../../parts/Moved";
import { State } from "../../parts/State";

type Detail = Shape["RecordDetail"];

interface Row {
  name: string;
  golden: unknown;
  seen: unknown[];
}

export function Values({ record }: { record: Detail }) {
  const { t } = useTranslation();
  const of = useNames();
  const names = [...new Set([...Object.keys(record.fields), ...record.links.flatMap((one) => Object.keys(one.seen))])];
  const rows: Row[] = names
    .map((name) => ({ name, golden: record.fields[name], seen: record.links.map((one) => one.seen[name]) }))
    .filter((row) => [row.golden, ...row.seen].some((v) => v !== null && v !== undefined && v !== ""));
  return (
    <Card title={t("trace.values")}>
      <Table<Row>
        size="small"
        rowKey="name"
        pagination={false}
        dataSource={rows}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("moved.field"),
            dataIndex: "name",
            fixed: "left",
            render: (name: string) => (
              <Space size={4}>
                {of.field(record.entity, name)}
                {record.disputed.includes(name) && <Tag color="warning">{t("trace.disputed")}</Tag>}
              </Space>
            ),
          },
          { title: t("trace.agreed"), key: "golden", render: (_, row) => <Agreed record={record} row={row} /> },
          ...record.links.map((link, n) => ({
            title: <System link={link} />,
            key: link.id,
            render: (_: unknown, row: Row) => {
              const value = row.seen[n];
              if (value === undefined) return <Typography.Text type="secondary">·</Typography.Text>;
              const same = said(value) === said(row.golden);
              return <Typography.Text type={same ? undefined : "warning"}>{said(value, (part) => of.field(record.entity, `${row.name}.${part}`))}</Typography.Text>;
            },
          })),
        ]}
      />
    </Card>
  );
}

function Agreed({ record, row }: { record: Detail; row: Row }) {
  const { t } = useTranslation();
  const of = useNames();
  const source = record.sources[row.name];
  return (
    <Space orientation="vertical" size={0}>
      <strong>{said(row.golden, (part) => of.field(record.entity, `${row.name}.${part}`))}</strong>
      {source && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {t("trace.from", { who: source.author || of.connection(source.connection) || t("trace.hub") })} <Moment at={source.at} />
        </Typography.Text>
      )}
    </Space>
  );
}

function System({ link }: { link: Detail["links"][number] }) {
  const { t } = useTranslation();
  const of = useNames();
  return (
    <Space orientation="vertical" size={0}>
      <span>
        {of.place(link.connection, link.object)}
      </span>
      <Space size={4}>
        <Typography.Text code copyable={link.record_id ? { text: link.record_id } : false}>
          {link.record_id ?? "—"}
        </Typography.Text>
        {link.status && <Tag>{link.status}</Tag>}
        {link.due_at && (
          <Tooltip title={<Moment at={link.due_at} exact />}>
            <span>
              <State of="behind" word={link.waits ? t(`waits.${link.waits}`, link.waits) : t("trace.owed")} />
            </span>
          </Tooltip>
        )}
      </Space>
    </Space>
  );
}
