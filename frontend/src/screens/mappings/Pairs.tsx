/** How codes translate, both ways: what stands in real data beside each pair, what no pair knows on top. */
import { DeleteOutlined, DownloadOutlined, PlusOutlined, UploadOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, AutoComplete, Button, Flex, Input, Table, Tag, Typography, Upload } from "antd";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, body } from "../../api/client";
import { ProblemNote } from "../../parts/ProblemPage";
import { useTell } from "../../parts/tell";
import { fromCsv, toCsv } from "../value-maps/csv";
import type { Document, FieldMap } from "./model";

interface Row {
  key: string;
  theirs: string;
  ours: string | undefined;
  count: number | undefined;
  /** Another pair before it is the one that is written back. */
  oneWay: boolean;
}

export interface PairsProps {
  mapping: string;
  document: Document;
  map: FieldMap;
  /** Codes that our field allows; none: any. */
  options: readonly string[];
  change: (changes: Partial<FieldMap>) => void;
  may: boolean;
}

export function Pairs({ mapping, document, map, options, change, may }: PairsProps) {
  const { t } = useTranslation();
  const tell = useTell();
  const values = map.values ?? {};
  // Which codes there are does not depend on the pairs: typing into one must not read the system again.
  const bare = { ...map, values: {}, values_default: undefined };
  const asked = useQuery({
    queryKey: ["codes", mapping, bare],
    queryFn: () =>
      body(api.POST("/api/v1/mappings/{mapping}/codes", {
        params: { path: { mapping } },
        body: { field: map.field, records: 1000, fresh: false, document: { ...document, fields: [bare], examples: [], steps: [] } },
      })),
    refetchInterval: false,
    staleTime: 60_000,
  });
  const found = asked.data;
  const counts = new Map((found?.theirs ?? []).map((one) => [one.code, one.count]));
  const unknown = [...counts.keys()].filter((code) => !values[code]);
  const lost = map.values_default ? 0 : unknown.reduce((sum, code) => sum + (counts.get(code) ?? 0), 0);
  const said = new Set<string>();
  const listed = Object.entries(values).map(([theirs, ours], at) => {
    const oneWay = ours !== "" && said.has(ours);
    said.add(ours);
    return { key: String(at), theirs, ours: ours as string | undefined, count: counts.get(theirs) ?? (found ? 0 : undefined), oneWay };
  });
  // What was unknown when this was opened stays on top while it is given a meaning: else it would leave under the hand.
  const first = useRef(values).current;
  const top = [...counts.keys()].filter((code) => first[code] === undefined);
  const rows: Row[] = [
    ...top.map((theirs) => listed.find((one) => one.theirs === theirs) ?? { theirs, ours: undefined, count: counts.get(theirs), oneWay: false }).map((one) => ({ ...one, key: `top ${one.theirs}` })),
    ...listed.filter((one) => !top.includes(one.theirs)),
  ];
  const unwritable = (found?.ours ?? []).filter((one) => !said.has(one.code));
  const choices = [...new Set([...options, ...Object.values(values), ...(found?.ours ?? []).map((one) => one.code)])];
  const set = (theirs: string, ours: string | undefined) => {
    const next = { ...values };
    if (ours === undefined) delete next[theirs];
    else next[theirs] = ours;
    change({ values: next });
  };
  const rename = (old: string, theirs: string) =>
    change({ values: Object.fromEntries(Object.entries(values).map(([a, b]) => [a === old ? theirs : a, b])) });

  return (
    <Flex vertical gap={12}>
      {asked.error && <ProblemNote error={asked.error} />}
      {found?.masked && <Alert type="info" showIcon title={t("values.masked")} />}
      {found && (
        <Alert
          showIcon
          type={lost || (found.masked && found.refused) ? "warning" : "success"}
          title={lost ? t("values.lost", { n: unknown.length, records: lost.toLocaleString(), of: found.records.toLocaleString() }) : t("values.all_known", { of: found.records.toLocaleString() })}
        />
      )}
      {unwritable.length > 0 && (
        <Alert type="warning" showIcon title={t("values.unwritable", { codes: unwritable.slice(0, 12).map((one) => `${one.code} (${one.count})`).join(", ") })} />
      )}
      <Flex gap={8} wrap>
        {may && (
          <Button icon={<PlusOutlined />} onClick={() => set(fresh(values), "")}>
            {t("values.add")}
          </Button>
        )}
        {may && (
          <Upload
            accept=".csv,text/csv"
            showUploadList={false}
            beforeUpload={async (file) => {
              const read = fromCsv(await file.text());
              if (read.wrong) tell.failed(new Error(t("values.bad_csv", { line: read.wrong })));
              else change({ values: { ...values, ...read.values } });
              return false;
            }}
          >
            <Button icon={<UploadOutlined />}>{t("values.import")}</Button>
          </Upload>
        )}
        <Button icon={<DownloadOutlined />} onClick={() => download(`${mapping}-${map.field}.csv`, toCsv({ ...Object.fromEntries(unknown.map((code) => [code, ""])), ...values }))}>
          {t("values.export")}
        </Button>
        <label>
          {t("values.default")}{" "}
          <Input style={{ width: 160 }} disabled={!may} value={map.values_default ?? ""} placeholder={t("values.default.none")} onChange={(event) => change({ values_default: event.target.value || null })} />
        </label>
      </Flex>
      <Table
        size="small"
        loading={asked.isLoading}
        rowKey="key"
        pagination={rows.length > 50 ? { pageSize: 50, size: "small" } : false}
        dataSource={rows}
        locale={{ emptyText: t("values.empty") }}
        columns={[
          {
            title: t("values.theirs"),
            key: "theirs",
            render: (_, row) =>
              row.key.startsWith("top") || !may ? (
                <Typography.Text code>{row.theirs}</Typography.Text>
              ) : (
                <Input value={row.theirs} aria-label={t("values.theirs")} onChange={(event) => rename(row.theirs, event.target.value)} />
              ),
          },
          {
            title: t("values.ours"),
            key: "ours",
            render: (_, row) => (
              <Flex gap={8} align="center">
                <AutoComplete
                  style={{ minWidth: 180 }}
                  disabled={!may}
                  status={row.ours ? "" : "warning"}
                  value={row.ours ?? ""}
                  aria-label={t("values.ours_of", { code: row.theirs })}
                  placeholder={t("values.choose")}
                  options={choices.map((value) => ({ value }))}
                  onChange={(value: string) => set(row.theirs, value)}
                />
                {!row.ours && <Tag color="warning">{t("values.unknown")}</Tag>}
                {row.oneWay && <Tag title={t("values.one_way.why")}>{t("values.one_way")}</Tag>}
              </Flex>
            ),
          },
          { title: t("values.count"), dataIndex: "count", align: "right", render: (n: number | undefined) => n?.toLocaleString() ?? "" },
          {
            title: "",
            key: "go",
            width: 48,
            render: (_, row) =>
              may && row.ours !== undefined && <Button type="text" icon={<DeleteOutlined />} aria-label={t("values.take", { code: row.theirs })} onClick={() => set(row.theirs, undefined)} />,
          },
        ]}
      />
    </Flex>
  );
}

function fresh(values: Record<string, string>): string {
  let n = 1;
  while (values[`code${n}`] !== undefined) n += 1;
  return `code${n}`;
}

function download(name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`\uFEFF${text}`], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
