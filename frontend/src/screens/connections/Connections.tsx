/** Are the systems reachable, with which rights and limits? */
import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Card, Col, Descriptions, Drawer, Empty, Flex, Input, Row, Spin, Table, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";

type Connection = Shape["Connection"];

export default function Connections() {
  const { t } = useTranslation();
  const may = useMay();
  const [shown, setShown] = useFilter("connection");
  const asked = useQuery({ queryKey: ["connections"], queryFn: () => body(api.GET("/api/v1/connections")) });
  const all = asked.data?.items ?? [];
  const stopped = all.filter((one) => one.paused.length).length;
  return (
    <Screen
      title={t("connections.title")}
      actions={may("connection.edit") && <Link to="/connections/new"><Button type="primary" icon={<PlusOutlined />}>{t("connections.add")}</Button></Link>}
      answer={asked.data && (stopped ? t("connections.answer.some", { n: stopped, of: all.length }) : t("connections.answer.all", { n: all.length }))}
    >
      {asked.error && <ProblemNote error={asked.error} />}
      {asked.isLoading && <Spin />}
      {asked.data && !all.length && <Empty description={t("connections.empty")} />}
      <Row gutter={[16, 16]}>
        {all.map((one) => (
          <Col key={one.connection} xs={24} lg={12} xxl={8}>
            <OneConnection connection={one} open={() => setShown(one.connection)} />
          </Col>
        ))}
      </Row>
      <Drawer size="large" open={shown !== undefined} onClose={() => setShown(undefined)} title={shown} destroyOnHidden>
        {shown && <Objects connection={shown} />}
      </Drawer>
    </Screen>
  );
}

function OneConnection({ connection: one, open }: { connection: Connection; open: () => void }) {
  const names = useNames();
  const { t, i18n } = useTranslation();
  const may = useMay();
  const questions = useQueryClient();
  const test = useMutation({
    mutationFn: () => body(api.POST("/api/v1/connections/{connection}/test", { params: { path: { connection: one.connection } } })),
    onSuccess: () => questions.invalidateQueries({ queryKey: ["connections"] }),
  });
  return (
    <Card
      title={
        <Flex gap={8} align="center">
          {one.title[i18n.language] ?? one.connection} <Tag>{one.connector}</Tag>
          <State of={one.paused.length ? "paused" : "ok"} word={t(`connection.${one.paused.length ? "paused" : "up"}`)} />
        </Flex>
      }
      style={{ height: "100%" }}
    >
      <Flex vertical gap={12}>
        {one.paused.map((stop) => (
          <Alert key={stop.scope} type="warning" showIcon title={stop.title} description={stop.detail} />
        ))}
        <Descriptions
          size="small"
          column={2}
          items={[
            { key: "records", label: t("connections.records"), children: one.records.toLocaleString() },
            { key: "calls", label: t("connections.calls"), children: one.calls_today?.toLocaleString() ?? "—" },
            { key: "zone", label: t("connections.zone"), children: one.zone },
            { key: "organisation", label: t("connections.organisation"), children: one.organisation ?? "—" },
            {
              key: "tested",
              label: t("connections.tested"),
              span: 2,
              children: one.tested ? (
                <>
                  <State of={one.tested.ok ? "ok" : "failed"} word={t(one.tested.ok ? "connections.tested.ok" : "connections.tested.bad")} /> <Moment at={one.tested.at} />
                </>
              ) : (
                t("connections.tested.never")
              ),
            },
            { key: "mappings", label: t("syncs.mappings"), span: 2, children: one.mappings.map(names.mapping).join(", ") || "—" },
          ]}
        />
        <Flex gap={8} wrap>
          {may("connection.test") && (
            <Button loading={test.isPending} onClick={() => test.mutate()}>
              {t("connections.test")}
            </Button>
          )}
          {may("schema.see") && <Button onClick={open}>{t("connections.objects")}</Button>}
          {may("project.see") && (
            <Link to={`/connections/${one.connection}`}>
              <Button>{t("connections.edit")}</Button>
            </Link>
          )}
        </Flex>
        {test.error && <ProblemNote error={test.error} />}
        {test.data?.error && <Alert type="error" showIcon title={test.data.error.title} description={test.data.error.detail} />}
        {test.data?.ok && (
          <Alert
            type="success"
            showIcon
            title={t("connections.reached", { n: test.data.objects.length })}
            description={Object.entries(test.data.health).map(([name, value]) => `${name}: ${value}`).join(" · ")}
          />
        )}
      </Flex>
    </Card>
  );
}

/** What fields exist, of which type, and which can be written? */
function Objects({ connection }: { connection: string }) {
  const { t } = useTranslation();
  const [q, setQ] = useState("");
  const asked = useQuery({
    queryKey: ["objects", connection, q],
    queryFn: () => body(api.GET("/api/v1/connections/{connection}/objects", { params: { path: { connection }, query: { q: q || undefined } } })),
    refetchInterval: false,
    staleTime: 300_000,
  });
  return (
    <Flex vertical gap={12}>
      <Input.Search allowClear placeholder={t("connections.search")} aria-label={t("connections.search")} onSearch={setQ} />
      {asked.error && <ProblemNote error={asked.error} />}
      {asked.isLoading && <Spin />}
      {asked.data?.items.map((one) => (
        <Card key={one.object} size="small" title={<>{one.label || one.object} <Typography.Text code>{one.object}</Typography.Text></>}>
          <Table
            size="small"
            rowKey="name"
            pagination={one.fields.length > 20 ? { pageSize: 20, size: "small" } : false}
            dataSource={one.fields}
            columns={[
              {
                title: t("moved.field"),
                key: "name",
                render: (_, field) => (
                  <>
                    {field.label || field.name} <Typography.Text type="secondary" code>{field.name}</Typography.Text>{" "}
                    {one.key.includes(field.name) && <Tag color="processing">{t("connections.key")}</Tag>}
                  </>
                ),
              },
              { title: t("connections.type"), dataIndex: "type" },
              { title: t("connections.writable"), dataIndex: "writable", render: (yes: boolean) => (yes ? "✓" : "—") },
              { title: t("connections.required"), dataIndex: "required", render: (yes: boolean) => (yes ? "✓" : "") },
            ]}
          />
        </Card>
      ))}
    </Flex>
  );
}
