/** What exactly would be written, record by record? Look, sign, apply; what was signed and nothing else. */
import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Checkbox, Descriptions, Flex, Input, Space, Spin, Statistic, Typography } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useJob } from "../../api/jobs";
import { useMay, useMe } from "../../frame/session";
import { Difference } from "../../parts/Difference";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { Moved, said } from "../../parts/Moved";
import { Paged } from "../../parts/Paged";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";
import { planState } from "./Plans";

type Entry = Shape["PlannedEntry"];
type Detail = Shape["PlanDetail"];

export default function Plan() {
  const { t } = useTranslation();
  const names = useNames();
  const { plan = "" } = useParams();
  const [only, setOnly] = useState(false);
  const asked = useQuery({
    queryKey: ["plans", "one", plan],
    queryFn: () => body(api.GET("/api/v1/plans/{plan_id}", { params: { path: { plan_id: plan } } })),
  });
  if (asked.error) return <ProblemPage error={asked.error} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const made = asked.data;
  return (
    <Screen
      title={`${t("plan.title")} · ${t(`plan.kind.${made.kind}`)}`}
      answer={
        <Space>
          <State of={planState(made.state)} word={t(`plan.state.${made.state}`)} />
          {effect(made, t)}
        </Space>
      }
      actions={<Actions made={made} />}
    >
      {made.note && <Alert type="info" title={made.note} />}
      <Publishes made={made} />
      <Card size="small">
        <Flex gap={32} wrap>
          {Object.entries(made.tally).map(([state, n]) => (
            <Statistic key={state} title={t(`entry.state.${state}`)} value={n} />
          ))}
        </Flex>
        <Descriptions
          size="small"
          style={{ marginTop: 12 }}
          items={[
            { key: "author", label: t("plans.author"), children: made.author },
            { key: "made", label: t("plans.made"), children: <Moment at={made.created_at} exact /> },
            { key: "expires", label: t("plan.expires"), children: <Moment at={made.expires_at} exact /> },
            { key: "approver", label: t("plan.approver"), children: made.approver ?? (made.needs_second ? t("plan.second") : "—") },
            { key: "digest", span: "filled", label: t("plan.digest"), children: <Typography.Text code copyable={{ text: made.digest }}>{made.digest.slice(0, 16)}…</Typography.Text> },
            { key: "mappings", label: t("syncs.mappings"), span: 3, children: made.mappings.map(names.mapping).join(", ") },
          ]}
        />
      </Card>
      <Checkbox checked={only} onChange={(event) => setOnly(event.target.checked)}>
        {t("plan.only_refused")}
      </Checkbox>
      <Paged<Entry>
        question={["plan-entries", plan, only, made.state]}
        load={(cursor) =>
          body(
            api.GET("/api/v1/plans/{plan_id}/entries", {
              params: { path: { plan_id: plan }, query: { cursor, state: only ? ["changed", "refused", "left"] : undefined } },
            }),
          )
        }
        rowKey="seq"
        empty={t("plan.empty")}
        expandable={{ expandedRowRender: (one) => <Moved moved={one.fields} entity={one.entity} />, rowExpandable: (one) => Object.keys(one.fields).length > 0 }}
        columns={[
          { title: t("plan.record"), key: "title", render: (_, one) => (one.golden_id ? <Link to={`/trace/${one.golden_id}`}>{one.title || one.record_id}</Link> : one.title) },
          { title: t("plan.does"), key: "kind", render: (_, one) => (one.action ? `${t("did.action")}: ${one.action}` : t(`did.${one.kind}`)) },
          { title: t("run.system"), key: "system", render: (_, one) => names.place(one.connection, one.object) },
          {
            title: t("plan.fields"),
            key: "fields",
            render: (_, one) => (
              <Typography.Text ellipsis style={{ maxWidth: 420 }}>
                {Object.entries(one.fields).slice(0, 3).map(([name, pair]) => `${names.field(one.entity, name)}: ${Array.isArray(pair) ? pair.map((value) => said(value)).join(" → ") : said(pair)}`).join("; ")}
                {Object.keys(one.fields).length > 3 && ` +${Object.keys(one.fields).length - 3}`}
              </Typography.Text>
            ),
          },
          { title: t("plans.state"), dataIndex: "state", render: (s: string) => <State of={entryState(s)} word={t(`entry.state.${s}`)} /> },
        ]}
      />
    </Screen>
  );
}

/** The documents that become current with it: whoever signs agrees to these, too. */
function Publishes({ made }: { made: Detail }) {
  const { t } = useTranslation();
  const names = useNames();
  const said = made.counts["publishes"] as { mapping: string; draft: string } | undefined;
  const asked = useQuery({
    queryKey: ["draft", said?.draft],
    queryFn: () => body(api.GET("/api/v1/mapping-drafts/{draft_id}", { params: { path: { draft_id: said?.draft ?? "" } } })),
    enabled: said !== undefined,
    refetchInterval: false,
  });
  if (!said) return null;
  const done = asked.data?.state === "published";
  return (
    <Card size="small" title={t(done ? "plan.published" : "plan.publishes", { name: names.mapping(said.mapping) })}>
      {asked.data && <Difference changes={asked.data.changes} />}
    </Card>
  );
}

function entryState(state: string): string {
  const shown: Record<string, string> = { planned: "waiting", writing: "applying", written: "applied", changed: "paused", settled: "ok", left: "paused" };
  return shown[state] ?? state;
}

/** "32 to create, 128 to change" over all systems. */
function effect(made: Detail, t: (key: string, facts?: Record<string, unknown>) => string): string {
  const sums = new Map<string, number>();
  const writes = made.counts["writes"];
  for (const counts of Object.values(typeof writes === "object" && writes !== null ? writes : made.counts)) {
    if (counts === null || typeof counts !== "object") continue;
    for (const [kind, n] of Object.entries(counts)) if (typeof n === "number") sums.set(kind, (sums.get(kind) ?? 0) + n);
  }
  const told = [...sums].filter(([, n]) => n > 0).map(([kind, n]) => t(`effect.${kind}`, { n: n.toLocaleString(), defaultValue: `${kind} ${n}` }));
  return told.length ? told.join(" · ") : t("plan.effect.none");
}

function Actions({ made }: { made: Detail }) {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const tell = useTell();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const [job, setJob] = useState<string>();
  const under = useJob(job, (ended) => ended.state === "done" && tell.done(t("plan.applied")));
  const why = useRef("");
  const path = { plan_id: made.id };
  const anew = () => questions.invalidateQueries({ queryKey: ["plans"] });
  const sign = useMutation({
    mutationFn: () => body(api.POST("/api/v1/plans/{plan_id}/approve", { params: { path }, body: { digest: made.digest } })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const reject = useMutation({
    mutationFn: () => body(api.POST("/api/v1/plans/{plan_id}/reject", { params: { path }, body: { reason: why.current } })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const apply = useMutation({
    mutationFn: () => body(api.POST("/api/v1/plans/{plan_id}/apply", { params: { path } })),
    onSuccess: (asked) => setJob(asked.id),
    onError: tell.failed,
  });
  const numbers = effect(made, t);
  return (
    <>
      <JobNote job={under} />
      {may("record.export") && (
        <Button icon={<DownloadOutlined />} href={`/api/v1/plans/${made.id}/export`}>
          Excel
        </Button>
      )}
      {made.state === "draft" && may("plan.approve") && (
        <>
          <Button
            danger
            onClick={() =>
              void modal.confirm({
                title: t("plan.reject.title"),
                content: <Input.TextArea aria-label={t("issues.reason")} placeholder={t("issues.reason")} onChange={(e) => { why.current = e.target.value; }} />,
                onOk: () => (why.current.trim() ? reject.mutateAsync().catch(() => undefined) : Promise.reject(new Error("reason"))),
              })
            }
          >
            {t("plan.reject")}
          </Button>
          <Button
            type="primary"
            loading={sign.isPending}
            disabled={made.needs_second && made.author === me.name}
            title={made.needs_second && made.author === me.name ? t("plan.second") : undefined}
            onClick={() => void modal.confirm({ title: t("plan.sign.title"), content: numbers, onOk: () => sign.mutateAsync().catch(() => undefined) })}
          >
            {t("plan.sign")}
          </Button>
        </>
      )}
      {(made.state === "approved" || made.state === "applying") && may("plan.apply") && (
        <Button
          type="primary"
          loading={apply.isPending || under?.state === "running" || under?.state === "waiting"}
          onClick={() => void modal.confirm({ title: t("plan.apply.title"), content: numbers, onOk: () => apply.mutateAsync().catch(() => undefined) })}
        >
          {t("plan.apply")}
        </Button>
      )}
    </>
  );
}
