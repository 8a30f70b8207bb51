/** One system: its settings, what changed in it, and what its connector is proven to do. */
import { useQuery } from "@tanstack/react-query";
import { Alert, Card, Empty, Flex, Spin, Table, Tabs, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { SettingsForm } from "./SettingsForm";

type Drift = Shape["Drift"];

export default function Connection() {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const { connection = "" } = useParams();
  const [tab, setTab] = useFilter("tab");
  const asked = useQuery({
    queryKey: ["connections", "document", connection],
    queryFn: () => body(api.GET("/api/v1/documents/{kind}/{name}", { params: { path: { kind: "connection", name: connection } } })),
    refetchInterval: false,
  });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const connector = String(asked.data.document?.connector ?? "");
  return (
    <Screen title={names.connection(connection)} answer={<>{t("connections.one.answer")} <Tag>{connector}</Tag></>}>
      <Tabs
        activeKey={tab ?? "settings"}
        onChange={(key) => setTab(key === "settings" ? undefined : key)}
        destroyOnHidden
        items={[
          { key: "settings", label: t("connections.tab.settings"), children: <Card><SettingsForm key={asked.data.etag} saved={asked.data} readonly={!may("connection.edit")} /></Card> },
          ...(may("schema.see") ? [{ key: "drift", label: t("connections.tab.drift"), children: <Drifts connection={connection} /> }] : []),
          { key: "proof", label: t("connections.tab.proof"), children: <Proof connector={connector} /> },
        ]}
      />
    </Screen>
  );
}

/** What changed in its mapped objects since the hub last agreed with them? */
function Drifts({ connection }: { connection: string }) {
  const { t } = useTranslation();
  const names = useNames();
  const asked = useQuery({
    queryKey: ["drift", connection],
    queryFn: () => body(api.GET("/api/v1/connections/{connection}/drift", { params: { path: { connection } } })),
    refetchInterval: false,
  });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin />;
  const moved = asked.data.items.filter((one) => changes(one).length || Object.values(one.mappings).some(Boolean));
  if (!asked.data.items.length) return <Empty description={t("drift.none_mapped")} />;
  return (
    <Flex vertical gap={12}>
      {!moved.length && <Alert type="success" showIcon title={t("drift.none", { n: asked.data.items.length })} />}
      {moved.map((one) => (
        <Card key={one.object} size="small" title={names.place(connection, one.object)}>
          <Flex vertical gap={8}>
            {Object.entries(one.mappings).map(([name, wrong]) => wrong && <Alert key={name} type="warning" showIcon title={wrong.title} description={wrong.detail} />)}
            <Table
              size="small"
              rowKey="field"
              pagination={false}
              dataSource={changes(one)}
              columns={[
                { title: t("moved.field"), dataIndex: "field", render: (name: string) => <Typography.Text code>{name}</Typography.Text> },
                { title: t("drift.what"), dataIndex: "what", render: (what: string) => t(`drift.${what}`) },
                { title: t("moved.before"), dataIndex: "before" },
                { title: t("moved.after"), dataIndex: "after" },
              ]}
            />
          </Flex>
        </Card>
      ))}
    </Flex>
  );
}

function changes(one: Drift): { field: string; what: "added" | "removed" | "changed"; before: string; after: string }[] {
  const kind = (said: unknown) => (Array.isArray(said) ? String(said[0]) : "—");
  return [
    ...Object.entries(one.added).map(([field, now]) => ({ field, what: "added" as const, before: "—", after: kind(now) })),
    ...Object.entries(one.removed).map(([field, was]) => ({ field, what: "removed" as const, before: kind(was), after: "—" })),
    ...Object.entries(one.changed).map(([field, pair]) => ({ field, what: "changed" as const, before: kind(pair[0]), after: kind(pair[1]) })),
  ];
}

/** What was its connector seen to do, and against what? */
function Proof({ connector }: { connector: string }) {
  const { t } = useTranslation();
  const asked = useQuery({
    queryKey: ["proof", connector],
    queryFn: () => body(api.GET("/api/v1/connectors/{connector}/proof", { params: { path: { connector } } })),
    enabled: connector !== "",
    refetchInterval: false,
  });
  if (asked.error) return <ProblemPage error={asked.error} />;
  if (!asked.data) return <Spin />;
  if (!asked.data.items.length) return <Empty description={t("proof.none")} />;
  return (
    <Flex vertical gap={12}>
      <Typography.Text type="secondary">{t("proof.how")}</Typography.Text>
      {asked.data.items.map((one) => (
        <Card key={`${one.against} ${one.system} ${one.object}`} size="small" title={[one.against, one.system, one.object].filter(Boolean).join(" · ")}>
          <Table
            size="small"
            rowKey="ability"
            pagination={false}
            dataSource={one.abilities}
            columns={[
              { title: t("proof.what"), dataIndex: "title" },
              { title: t("proof.passed"), key: "passed", align: "right", width: 160, render: (_, row) => <Tag color={row.passed === row.tried ? "success" : "warning"} variant="filled">{row.passed} / {row.tried}</Tag> },
            ]}
          />
        </Card>
      ))}
    </Flex>
  );
}
