/** What a draft changes, place by place, and as text for who works with the files. */
import { Collapse, Empty, Flex, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";

/** `fields`: place, before, after. */
export interface Change {
  file: string;
  text: string;
  fields: readonly (readonly (string | null)[])[];
}

export function Difference({ changes }: { changes: readonly Change[] }) {
  const { t } = useTranslation();
  if (!changes.length) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("mapper.difference.none")} />;
  return (
    <Flex vertical gap={12}>
      {changes.map((one) => (
        <div key={one.file}>
          <Typography.Text strong>{one.file}</Typography.Text>
          <Table
            size="small"
            rowKey={(row) => String(row[0])}
            pagination={false}
            dataSource={one.fields}
            columns={[
              { title: t("moved.field"), dataIndex: 0, width: "40%" },
              { title: t("moved.before"), dataIndex: 1, render: (v: string | null) => <Typography.Text type="secondary">{v ?? "—"}</Typography.Text> },
              { title: t("moved.after"), dataIndex: 2, render: (v: string | null) => <strong>{v ?? "—"}</strong> },
            ]}
          />
          <Collapse
            ghost
            items={[{ key: "text", label: t("mapper.as_text"), children: <pre tabIndex={0} style={{ margin: 0, overflow: "auto", maxHeight: 320 }}>{one.text}</pre> }]}
          />
        </div>
      ))}
    </Flex>
  );
}
