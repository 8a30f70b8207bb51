/** Which object of which system is which business object, and who is working on it? */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Empty, Flex, Form, Input, Modal, Select, Table, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";

export default function Mappings() {
  const { t } = useTranslation();
  const may = useMay();
  const names = useNames();
  const [adding, setAdding] = useState(false);
  const asked = useQuery({ queryKey: ["mappings", "list"], queryFn: () => body(api.GET("/api/v1/mappings")) });
  const drafts = useQuery({ queryKey: ["mappings", "drafts"], queryFn: () => body(api.GET("/api/v1/mapping-drafts")) });
  const rows = asked.data?.items ?? [];
  const fresh = (drafts.data?.items ?? []).filter((one) => !rows.some((row) => row.mapping === one.mapping));
  const drafted = drafts.data?.items.length ?? 0;
  return (
    <Screen
      title={t("mappings.title")}
      answer={asked.data && t(drafted ? "mappings.answer.drafts" : "mappings.answer", { n: rows.length, drafts: drafted })}
      actions={
        <>
          {may("schema.see") && <Link to="/objects"><Button>{t("objects.title")}</Button></Link>}
          <Link to="/value-maps"><Button>{t("values.title")}</Button></Link>
          {may("mapping.edit") && may("project.edit") && <Button type="primary" onClick={() => setAdding(true)}>{t("mappings.add")}</Button>}
        </>
      }
    >
      {asked.error && <ProblemNote error={asked.error} />}
      {fresh.map((one) => (
        <Alert key={one.id} type="info" showIcon title={<Link to={`/mappings/${one.mapping}`}>{t("mappings.new_draft", { name: one.mapping, who: one.author })}</Link>} />
      ))}
      <Table<Shape["Mapping"]>
        size="middle"
        rowKey="mapping"
        loading={asked.isLoading}
        dataSource={rows}
        pagination={false}
        locale={{ emptyText: <Empty description={t("mappings.empty")} /> }}
        columns={[
          { title: t("mappings.system"), key: "system", render: (_, one) => <Link to={`/mappings/${one.mapping}`}>{names.connection(one.connection)} · {one.object}</Link> },
          { title: t("mappings.entity"), key: "entity", render: (_, one) => names.entity(one.entity) },
          { title: t("mappings.fields"), dataIndex: "fields", align: "right" },
          { title: t("mappings.records"), key: "records", align: "right", render: (_, one) => Object.values(one.records).reduce((sum, n) => sum + n, 0).toLocaleString() },
          { title: t("mappings.flows"), key: "flows", render: (_, one) => one.flows.map(names.flow).join(" · ") || "—" },
          { title: t("mappings.state"), key: "state", render: (_, one) => (one.drafted_by ? <State of="waiting" word={t("mappings.drafted", { who: one.drafted_by })} /> : <State of="ok" word={t("mappings.current")} />) },
          { title: t("mappings.name"), dataIndex: "mapping", render: (name: string) => <Typography.Text type="secondary" style={{ fontFamily: "monospace" }}>{name}</Typography.Text> },
        ]}
      />
      <Modal open={adding} onCancel={() => setAdding(false)} footer={null} title={t("mappings.add")} destroyOnHidden>
        <Add />
      </Modal>
    </Screen>
  );
}

/** A new mapping begins as a draft without any pair. */
function Add() {
  const { t, i18n } = useTranslation();
  const go = useNavigate();
  const names = useNames();
  const [form] = Form.useForm<{ connection: string; object: string; entity: string; mapping: string }>();
  const connection = Form.useWatch("connection", form);
  const systems = useQuery({ queryKey: ["connections"], queryFn: () => body(api.GET("/api/v1/connections")) });
  const entities = useQuery({ queryKey: ["entities"], queryFn: () => body(api.GET("/api/v1/entities")), refetchInterval: false });
  const version = useQuery({ queryKey: ["documents", "version"], queryFn: () => body(api.GET("/api/v1/documents", { params: { query: { kind: ["mapping"] } } })) });
  const objects = useQuery({
    queryKey: ["objects", connection, ""],
    queryFn: () => body(api.GET("/api/v1/connections/{connection}/objects", { params: { path: { connection } } })),
    enabled: Boolean(connection),
    refetchInterval: false,
    staleTime: 300_000,
  });
  const add = useMutation({
    mutationFn: async (said: { connection: string; object: string; entity: string; mapping: string }) => {
      const { mapping, ...rest } = said;
      await api.PUT("/api/v1/mappings/{mapping}/draft", {
        params: { path: { mapping }, header: { "if-none-match": "*" } },
        body: { document: { ...rest, fields: [] }, rules: {}, base: version.data?.version ?? 0, note: "" },
      });
      return mapping;
    },
    onSuccess: (mapping) => void go(`/mappings/${mapping}`),
  });
  const fill = () => {
    const { connection: a, entity: b } = form.getFieldsValue();
    if (a && b && !form.isFieldTouched("mapping")) form.setFieldValue("mapping", `${a}_${b}`);
  };
  return (
    <Form form={form} layout="vertical" onFinish={(said) => add.mutate(said)} onValuesChange={fill}>
      {add.error && <ProblemNote error={add.error} />}
      <Form.Item name="connection" label={t("mappings.system")} rules={[{ required: true, message: t("mappings.needed") }]}>
        <Select options={(systems.data?.items ?? []).map((one) => ({ value: one.connection, label: names.connection(one.connection) }))} />
      </Form.Item>
      <Form.Item name="object" label={t("objects.object")} rules={[{ required: true, message: t("mappings.needed") }]}>
        <Select showSearch loading={objects.isFetching} options={(objects.data?.items ?? []).map((one) => ({ value: one.object, label: one.label ? `${one.label} (${one.object})` : one.object }))} />
      </Form.Item>
      <Form.Item name="entity" label={t("mappings.entity")} rules={[{ required: true, message: t("mappings.needed") }]}>
        <Select showSearch={{ optionFilterProp: "label" }} options={(entities.data?.items ?? []).map((one) => ({ value: one.entity, label: one.title[i18n.language] ? `${one.title[i18n.language]} (${one.entity})` : one.entity }))} />
      </Form.Item>
      <Form.Item name="mapping" label={t("mappings.name")} rules={[{ required: true, pattern: /^[A-Za-z_][A-Za-z0-9_-]{0,63}$/, message: t("mappings.name.rule") }]}>
        <Input />
      </Form.Item>
      <Flex justify="flex-end">
        <Button type="primary" htmlType="submit" loading={add.isPending}>{t("mappings.begin")}</Button>
      </Flex>
    </Form>
  );
}
