/** What fields exist, how full are they, what do they contain? */
import { useQuery } from "@tanstack/react-query";
import { Button, Card, Col, Empty, Flex, Input, Menu, Progress, Row, Select, Spin, Table, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { Type } from "../mappings/Names";

type Field = Shape["FieldOf"] & { path: string };

export default function Objects() {
  const { t } = useTranslation();
  const names = useNames();
  const [connection, setConnection] = useFilter("connection");
  const [object, setObject] = useFilter("object");
  const [words, setWords] = useState("");
  const systems = useQuery({ queryKey: ["connections"], queryFn: () => body(api.GET("/api/v1/connections")) });
  const here = connection ?? systems.data?.items[0]?.connection;
  const asked = useQuery({
    queryKey: ["objects", here, ""],
    queryFn: () => body(api.GET("/api/v1/connections/{connection}/objects", { params: { path: { connection: here ?? "" } } })),
    enabled: here !== undefined,
    refetchInterval: false,
    staleTime: 300_000,
  });
  const all = asked.data?.items ?? [];
  const shown = all.filter((one) => `${one.object} ${one.label}`.toLowerCase().includes(words.toLowerCase()));
  const chosen = all.find((one) => one.object === object) ?? all[0];
  return (
    <Screen
      title={t("objects.title")}
      answer={asked.data && t("objects.answer", { n: all.length, fields: all.reduce((sum, one) => sum + one.fields.length, 0) })}
      actions={
        <Select
          style={{ minWidth: 200 }}
          aria-label={t("mappings.system")}
          value={here ?? null}
          onChange={(name) => {
            setObject(undefined);
            setConnection(name ?? undefined);
          }}
          options={(systems.data?.items ?? []).map((one) => ({ value: one.connection as string | null, label: names.connection(one.connection) }))}
        />
      }
    >
      {asked.error && <ProblemNote error={asked.error} />}
      {asked.isLoading && <Spin />}
      {asked.data && !all.length && <Empty description={t("objects.empty")} />}
      {chosen && here && (
        <Row gutter={[16, 16]}>
          <Col xs={24} lg={6}>
            <Card size="small" styles={{ body: { padding: 8 } }}>
              <Input.Search allowClear placeholder={t("connections.search")} aria-label={t("connections.search")} onChange={(event) => setWords(event.target.value)} />
              <Menu
                selectedKeys={[chosen.object]}
                style={{ borderInlineEnd: 0, maxHeight: 640, overflowY: "auto" }}
                onClick={({ key }) => setObject(key)}
                items={shown.map((one) => ({ key: one.object, label: `${one.label || one.object} (${one.fields.length})` }))}
              />
            </Card>
          </Col>
          <Col xs={24} lg={18}>
            <One key={`${here} ${chosen.object}`} connection={here} object={chosen} />
          </Col>
        </Row>
      )}
    </Screen>
  );
}

function One({ connection, object }: { connection: string; object: Shape["Object"] }) {
  const { t } = useTranslation();
  const may = useMay();
  const [read, setRead] = useState(0);
  const asked = useQuery({
    queryKey: ["profile", connection, object.object, read],
    queryFn: () =>
      body(api.POST("/api/v1/connections/{connection}/objects/{obj}/profile", { params: { path: { connection, obj: object.object } }, body: { records: 200, fresh: read > 0 } })),
    enabled: may("schema.see"),
    refetchInterval: false,
    staleTime: 60_000,
  });
  const profiles = new Map((asked.data?.fields ?? []).map((one) => [one.field, one]));
  const rows: Field[] = object.fields.flatMap((one) => [{ ...one, path: one.name }, ...one.lines.map((line) => ({ ...line, path: `${one.name}.${line.name}` }))]);
  const empty = asked.data ? asked.data.fields.filter((one) => one.records > 0 && one.filled === 0).length : 0;
  return (
    <Card
      size="small"
      title={<>{object.label || object.object} <Typography.Text type="secondary" code>{object.object}</Typography.Text></>}
      extra={<Button type="text" loading={asked.isFetching} onClick={() => setRead((n) => n + 1)}>{t("mapper.read_again")}</Button>}
    >
      <Flex vertical gap={8}>
        {asked.error && <ProblemNote error={asked.error} />}
        <Typography.Text type="secondary">
          {asked.data ? t("objects.profiled", { n: asked.data.records, fields: rows.length, empty }) : t("objects.reading")}
        </Typography.Text>
        <Table<Field>
          size="small"
          rowKey="path"
          dataSource={rows}
          pagination={rows.length > 60 ? { pageSize: 60, size: "small" } : false}
          scroll={{ x: "max-content" }}
          columns={[
            {
              title: t("moved.field"),
              key: "field",
              render: (_, one) => (
                <div style={{ paddingInlineStart: one.path.includes(".") && one.path !== one.name ? 16 : 0 }}>
                  {one.label || one.name}
                  {one.required && <Typography.Text type="danger" title={t("connections.required")}> *</Typography.Text>}
                  <div>
                    {one.label && one.label !== one.name && <Typography.Text type="secondary" style={{ fontFamily: "monospace", fontSize: 12 }}>{one.name}</Typography.Text>}{" "}
                    {object.key.includes(one.path) && <Tag color="processing">{t("connections.key")}</Tag>}
                    {!one.writable && <Tag variant="filled">{t("mapper.read_only")}</Tag>}
                  </div>
                </div>
              ),
            },
            { title: t("connections.type"), key: "type", render: (_, one) => <><Type of={one.type} />{one.length ? ` ≤${one.length}` : ""}</> },
            {
              title: t("objects.filled"),
              key: "filled",
              width: 130,
              sorter: (a, b) => share(profiles.get(a.path)) - share(profiles.get(b.path)),
              render: (_, one) => {
                const found = profiles.get(one.path);
                return found && found.records > 0 && <Progress size="small" aria-label={t("objects.filled")} percent={Math.round(share(found) * 100)} status="normal" style={{ margin: 0 }} />;
              },
            },
            { title: t("objects.distinct"), key: "distinct", align: "right", render: (_, one) => profiles.get(one.path)?.distinct.toLocaleString() },
            { title: t("objects.longest"), key: "longest", align: "right", render: (_, one) => profiles.get(one.path)?.longest },
            { title: t("objects.contains"), key: "contains", render: (_, one) => <Contains of={profiles.get(one.path)} /> },
          ]}
        />
      </Flex>
    </Card>
  );
}

function share(of: Shape["FieldProfile"] | undefined): number {
  return of && of.records > 0 ? of.filled / of.records : -1;
}

function Contains({ of }: { of: Shape["FieldProfile"] | undefined }) {
  const { t } = useTranslation();
  if (!of) return null;
  if (of.masked) return <Typography.Text type="secondary">{of.filled ? `*** ${t("objects.masked")}` : "—"}</Typography.Text>;
  return (
    <Flex gap={4} wrap style={{ maxWidth: 420 }}>
      {of.top.map((one) => (
        <Tag key={one.value} style={{ maxWidth: 220, overflow: "hidden", textOverflow: "ellipsis" }} title={one.value}>
          {one.value} ×{one.count.toLocaleString()}
        </Tag>
      ))}
      <Typography.Text type="secondary" ellipsis={{ tooltip: of.examples.join(" · ") }} style={{ maxWidth: 300 }}>
        {of.examples.join(" · ")}
      </Typography.Text>
    </Flex>
  );
}
