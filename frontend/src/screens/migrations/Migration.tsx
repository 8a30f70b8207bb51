/** One batch: how far it is, what was not taken and why, and the way back. */
import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Descriptions, Dropdown, Empty, Flex, Segmented, Space, Spin, Steps, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useJob } from "../../api/jobs";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { JobNote } from "../../parts/JobNote";
import { said } from "../../parts/Moved";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";
import { total, untaken } from "./rows";

type Batch = Shape["Batch"];
type BatchRow = Shape["BatchRow"];

/** State -> how many of the four moves are done. */
const DONE: Record<Batch["state"], number> = { staging: 0, staged: 1, checked: 2, loading: 2, loaded: 3, verified: 4, undoing: 4, rolled_back: 4 };
const MOVES = ["staged", "checked", "loaded", "verified"] as const;

export default function Migration() {
  const { t } = useTranslation();
  const names = useNames();
  const { batch = "" } = useParams();
  const [state, setState] = useFilter("state");
  const asked = useQuery({
    queryKey: ["migrations", "one", batch],
    queryFn: () => body(api.GET("/api/v1/migrations/{batch_id}", { params: { path: { batch_id: batch } } })),
  });
  if (asked.error) return <ProblemPage error={asked.error} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const head = asked.data;
  const bad = untaken(head.rows);
  const back = head.state === "undoing" || head.state === "rolled_back";
  const states = Object.entries(head.rows).filter(([, n]) => n > 0);
  return (
    <Screen
      title={`${names.mapping(head.source)} → ${names.mapping(head.target)}`}
      answer={<Space><State of={head.state} word={t(`batch.state.${head.state}`)} />{bad ? t("migration.answer.some", { n: bad.toLocaleString(), of: total(head.rows).toLocaleString() }) : t("migration.answer.all", { n: total(head.rows).toLocaleString() })}</Space>}
      actions={<Moves head={head} />}
    >
      {head.stopped && <Alert type="warning" showIcon title={head.stopped.title} description={head.stopped.detail} />}
      <Card size="small">
        <Steps
          current={DONE[head.state]}
          status={back ? "error" : undefined}
          items={[...MOVES.map((one) => ({ title: t(`batch.state.${one}`) })), ...(back ? [{ title: t(`batch.state.${head.state}`) }] : [])]}
        />
        <Descriptions
          size="small"
          style={{ marginTop: 16 }}
          items={[
            { key: "author", label: t("plans.author"), children: head.author },
            { key: "made", label: t("plans.made"), children: <Moment at={head.created_at} exact /> },
            { key: "loaded", label: t("migration.loaded_at"), children: <Moment at={head.loaded_at} exact /> },
            { key: "verified", label: t("migration.verified_at"), children: <Moment at={head.verified_at} exact /> },
            ...(head.plan_id ? [{ key: "plan", label: t("migration.undo_plan"), children: <Link to={`/plans/${head.plan_id}`}>{t("plan.title")}</Link> }] : []),
          ]}
        />
      </Card>
      <Segmented
        style={{ alignSelf: "flex-start" }}
        value={state ?? ""}
        onChange={(value) => setState(value || undefined)}
        options={[{ value: "", label: `${t("filter.all")} ${total(head.rows).toLocaleString()}` }, ...states.map(([one, n]) => ({ value: one, label: `${t(`row.state.${one}`)} ${n.toLocaleString()}` }))]}
      />
      <Paged<BatchRow>
        question={["migrations", "rows", batch, state, head.state]}
        load={(cursor) =>
          body(
            api.GET("/api/v1/migrations/{batch_id}/rows", {
              params: { path: { batch_id: batch }, query: { cursor, state: state ? [state as BatchRow["state"]] : undefined } },
            }),
          )
        }
        rowKey="seq"
        empty={<Empty description={t("migration.empty")} />}
        expandable={{
          expandedRowRender: (row) => (
            <Descriptions size="small" column={2} items={Object.entries(row.values).map(([name, value]) => ({ key: name, label: <Typography.Text code>{name}</Typography.Text>, children: said(value) }))} />
          ),
        }}
        columns={[
          { title: "#", key: "seq", align: "right", width: 72, render: (_, row) => (row.seq + 1).toLocaleString() },
          { title: t("plan.record"), key: "title", render: (_, row) => <>{row.title || row.record_id} <Typography.Text type="secondary" code>{row.record_id}</Typography.Text></> },
          { title: t("plans.state"), dataIndex: "state", render: (s: string) => <State of={COLOUR[s] ?? s} word={t(`row.state.${s}`)} /> },
          {
            title: t("migration.reasons"),
            key: "reasons",
            render: (_, row) => (
              <Flex vertical>
                {row.reasons.map((one) => (
                  <span key={`${one.field} ${one.code}`}>
                    {one.field && <Tag>{one.field}</Tag>} {one.title} <Typography.Text type="secondary">{one.detail}</Typography.Text>
                  </span>
                ))}
              </Flex>
            ),
          },
        ]}
      />
    </Screen>
  );
}

const COLOUR: Record<string, string> = { ready: "ok", present: "ok", loaded: "applied", verified: "verified", rejected: "rejected", differs: "failed", left: "paused", loading: "running", filtered: "off", undone: "off" };

/** The next move, the file of what was not taken, and the way back. */
function Moves({ head }: { head: Batch }) {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const [job, setJob] = useState<string>();
  const under = useJob(job, () => void questions.invalidateQueries({ queryKey: ["migrations"] }));
  const path = { batch_id: head.id };
  const begin = useMutation({
    mutationFn: (move: "check" | "load" | "verify" | "undo") => {
      if (move === "check") return body(api.POST("/api/v1/migrations/{batch_id}/check", { params: { path } }));
      if (move === "load") return body(api.POST("/api/v1/migrations/{batch_id}/load", { params: { path }, body: {} }));
      if (move === "verify") return body(api.POST("/api/v1/migrations/{batch_id}/verify", { params: { path } }));
      return body(api.POST("/api/v1/migrations/{batch_id}/undo", { params: { path } }));
    },
    onSuccess: (made) => setJob(made.id),
    onError: tell.failed,
  });
  const busy = begin.isPending || under?.state === "running" || under?.state === "waiting";
  const next = head.state === "staged" ? "check" : head.state === "checked" || head.state === "loading" ? "load" : head.state === "loaded" ? "verify" : undefined;
  const ready = (head.rows.ready ?? 0).toLocaleString();
  const written = ((head.rows.loaded ?? 0) + (head.rows.verified ?? 0)).toLocaleString();
  return (
    <>
      <JobNote job={under} />
      {untaken(head.rows) > 0 && may("record.export") && (
        <Dropdown
          menu={{
            items: [
              { key: "xlsx", label: <a href={`/api/v1/migrations/${head.id}/rejects?form=xlsx`}>Excel</a> },
              { key: "csv", label: <a href={`/api/v1/migrations/${head.id}/rejects?form=csv`}>CSV</a> },
            ],
          }}
        >
          <Button icon={<DownloadOutlined />}>{t("migration.rejects")}</Button>
        </Dropdown>
      )}
      {["loading", "loaded", "verified", "undoing"].includes(head.state) && may("migration.undo") && (
        <Button danger disabled={busy} onClick={() => void modal.confirm({ title: t("migration.undo.title", { n: written }), content: t("migration.undo.effect"), onOk: () => begin.mutateAsync("undo").catch(() => undefined) })}>
          {t("migration.undo")}
        </Button>
      )}
      {next && may("migration.run") && (
        <Button
          type="primary"
          loading={busy}
          onClick={() => (next === "load" ? void modal.confirm({ title: t("migration.load.title", { n: ready }), content: t("migration.load.effect"), onOk: () => begin.mutateAsync("load").catch(() => undefined) }) : begin.mutate(next))}
        >
          {t(`migration.move.${next}`)}
        </Button>
      )}
    </>
  );
}
