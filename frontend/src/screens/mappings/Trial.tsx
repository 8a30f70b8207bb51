/** What comes out: real records through the draft as it stands, its examples, its problems, what it changes. */
import { CheckCircleFilled, CloseCircleFilled, ReloadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Empty, Flex, Table, type TableColumnsType, Tabs, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { said } from "../../parts/Moved";
import { ProblemNote } from "../../parts/ProblemPage";
import { type Change, Difference } from "../../parts/Difference";
import { type Document, type FieldMap, type OurField, source } from "./model";

export type Preview = Shape["Preview"];

export interface TrialProps {
  mapping: string;
  document: Document;
  preview: Preview | undefined;
  /** The preview is of this document, not of the one before the last keystroke. */
  current: boolean;
  error: Error | null;
  busy: boolean;
  again: () => void;
  ours: readonly OurField[];
  selected: FieldMap | undefined;
  changes: readonly Change[];
  dirty: boolean;
  toFlaw: (flaw: Shape["Flaw"]) => void;
}

export function Trial({ mapping, document, preview, current, error, busy, again, ours, selected, changes, dirty, toFlaw }: TrialProps) {
  const { t } = useTranslation();
  const flaws = preview?.flaws ?? [];
  const failing = (preview?.items ?? []).filter((row) => Object.keys(row.errors).length > 0).length;
  const examples = useExamples(mapping, document, current && !flaws.some((one) => one.severity === "error"));
  const failed = examples.data?.failed ?? 0;
  return (
    <Card size="small">
      <Tabs
        items={[
          {
            key: "preview",
            label: t("mapper.preview", { n: preview?.items.length ?? 0 }),
            children: (
              <Flex vertical gap={8}>
                {error && <ProblemNote error={error} />}
                {preview && (
                  <Flex role="status" gap={12} align="center">
                    {failing ? (
                      <Typography.Text type="danger"><CloseCircleFilled /> {t("mapper.preview.failing", { n: failing, of: preview.items.length })}</Typography.Text>
                    ) : (
                      <Typography.Text type="success"><CheckCircleFilled /> {t("mapper.preview.good", { n: preview.items.length })}</Typography.Text>
                    )}
                    <Button type="text" size="small" icon={<ReloadOutlined spin={busy} />} onClick={again}>{t("mapper.read_again")}</Button>
                  </Flex>
                )}
                <Rows document={document} preview={preview} ours={ours} selected={selected} />
              </Flex>
            ),
          },
          {
            key: "flaws",
            label: t("mapper.problems", { n: flaws.length }),
            children: flaws.length ? (
              <Flex vertical gap={8}>
                {flaws.map((one) => (
                  <Alert
                    key={`${one.code} ${one.path.join(".")}`}
                    showIcon
                    type={one.severity === "error" ? "error" : "warning"}
                    title={one.message}
                    description={one.next}
                    action={<Button size="small" onClick={() => toFlaw(one)}>{t("mapper.go_there")}</Button>}
                  />
                ))}
              </Flex>
            ) : (
              <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("mapper.problems.none")} />
            ),
          },
          {
            key: "examples",
            label: failed ? <Typography.Text type="danger">{t("mapper.examples.failed", { n: failed })}</Typography.Text> : t("mapper.examples", { n: examples.data?.items.length ?? 0 }),
            children: <Examples found={examples.data} error={examples.error} />,
          },
          {
            key: "difference",
            label: t("mapper.difference"),
            children: (
              <Flex vertical gap={8}>
                {dirty && <Alert type="info" showIcon title={t("mapper.difference.unsaved")} />}
                <Difference changes={changes} />
              </Flex>
            ),
          },
        ]}
      />
    </Card>
  );
}

function Rows({ document, preview, ours, selected }: Pick<TrialProps, "document" | "preview" | "ours" | "selected">) {
  const { t, i18n } = useTranslation();
  if (!preview) return null;
  const maps = [...document.fields].sort((a, b) => Number(b.field === selected?.field) - Number(a.field === selected?.field));
  const columns: TableColumnsType<Shape["PreviewRow"]> = [
    {
      title: t("mapper.record"),
      key: "record",
      fixed: "start",
      width: 130,
      render: (_, row) => (
        <Flex vertical>
          {row.golden_id ? <Link to={`/trace/${row.golden_id}`}>{row.record_id}</Link> : row.record_id}
          {row.filtered && <Tag>{t("mapper.filtered")}</Tag>}
          {row.error && <Typography.Text type="danger">{row.error.title}</Typography.Text>}
        </Flex>
      ),
    },
    ...maps.map((map) => ({
      key: map.field,
      title: ours.find((one) => one.name === map.field)?.title[i18n.language] ?? map.field,
      onCell: () => (map.field === selected?.field ? { style: { background: "var(--ant-color-primary-bg)" } } : {}),
      render: (_: unknown, row: Shape["PreviewRow"]) => <Cell row={row} map={map} />,
    })),
  ];
  return (
    <Table
      size="small"
      rowKey="record_id"
      pagination={false}
      dataSource={preview.items}
      columns={columns}
      scroll={{ x: "max-content", y: 420 }}
      locale={{ emptyText: t("mapper.preview.empty") }}
    />
  );
}

/** What it becomes; beneath, what the system says where that reads otherwise, and what would be written back. */
function Cell({ row, map }: { row: Shape["PreviewRow"]; map: FieldMap }) {
  const { t } = useTranslation();
  const wrong = row.errors[map.field] ?? row.unwritable[map.field];
  const theirs = said(at(row.source, source(map)));
  const made = map.direction === "out" ? row.written[map.field] : row.golden[map.field];
  const told = said(made);
  if (wrong) {
    return (
      <div style={{ maxWidth: 240 }}>
        <Typography.Text type="danger"><CloseCircleFilled /> {theirs}</Typography.Text>
        <Typography.Paragraph type="danger" style={{ fontSize: 12, margin: 0, whiteSpace: "normal" }}>{wrong.title}</Typography.Paragraph>
      </div>
    );
  }
  return (
    <div style={{ maxWidth: 240 }}>
      <Typography.Text ellipsis={{ tooltip: told }}>{told}</Typography.Text>
      {theirs !== told && theirs !== "—" && (
        <Typography.Text type="secondary" ellipsis={{ tooltip: theirs }} style={{ fontSize: 12, display: "block" }}>
          {t(map.direction === "out" ? "mapper.now" : "mapper.from_value", { value: theirs })}
        </Typography.Text>
      )}
    </div>
  );
}

/** A value by its path; an object's parts may stand as fields of their own. */
function at(record: Record<string, unknown>, path: string): unknown {
  if (path in record) return record[path];
  return path.split(".").reduce<unknown>((held, part) => (held as Record<string, unknown> | undefined)?.[part], record);
}

function useExamples(mapping: string, document: Document, sound: boolean) {
  return useQuery({
    queryKey: ["examples", mapping, document],
    queryFn: () => body(api.POST("/api/v1/mappings/{mapping}/test", { params: { path: { mapping } }, body: { document } })),
    enabled: sound,
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (held) => held,
  });
}

function Examples({ found, error }: { found: Shape["Examples"] | undefined; error: Error | null }) {
  const { t } = useTranslation();
  if (error) return <ProblemNote error={error} />;
  if (!found?.items.length) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("mapper.examples.none")} />;
  return (
    <Flex vertical gap={6}>
      {found.items.map((one) => (
        <div key={one.example}>
          <Typography.Text type={one.passed ? "success" : "danger"}>
            {one.passed ? <CheckCircleFilled /> : <CloseCircleFilled />} {one.example}
          </Typography.Text>
          {one.error && <Typography.Paragraph type="danger" style={{ marginInlineStart: 20 }}>{one.error.title}</Typography.Paragraph>}
          {one.differences.map((d) => (
            <Typography.Paragraph key={`${d.way} ${d.field}`} style={{ marginInlineStart: 20, marginBottom: 0 }}>
              {t(`example.${d.way}`, { field: d.field, expected: said(d.expected), got: said(d.got) })}
            </Typography.Paragraph>
          ))}
        </div>
      ))}
    </Flex>
  );
}
