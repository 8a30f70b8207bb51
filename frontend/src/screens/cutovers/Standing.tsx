/** A cutover under way: score, decision, and the steps with their owners, there and back. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Checkbox, Flex, Input, Progress, Space, Table, Tag, Typography } from "antd";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useJob } from "../../api/jobs";
import { useMay } from "../../frame/session";
import { INK } from "../../frame/theme";
import { JobNote } from "../../parts/JobNote";
import { Moment, Span } from "../../parts/Moment";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Now = Shape["CutoverStanding"];
type Step = Shape["CutoverStep"];
type Take = Shape["Take"];

const COLOUR: Record<Step["state"], string> = { waiting: "queued", running: "open", passed: "ok", failed: "failed", skipped: "off" };

export function Standing({ now }: { now: Now }) {
  const { t, i18n } = useTranslation();
  const tell = useTell();
  const may = useMay();
  const questions = useQueryClient();
  const { ask } = useReason();
  const [job, setJob] = useState<string>();
  const [sign, setSign] = useState(false);
  const anew = () => questions.invalidateQueries({ queryKey: ["cutovers"] });
  const under = useJob(job, () => void anew());
  const busy = under?.state === "running" || under?.state === "waiting";
  const carry = useMutation({
    mutationFn: () => body(api.POST("/api/v1/cutovers/rehearsal/carry-out", { body: { sign } })),
    onSuccess: (made) => setJob(made.id),
    onError: tell.failed,
  });
  const decide = useMutation({
    mutationFn: (asked: Shape["Decision"]) => body(api.POST("/api/v1/cutovers/{mode}/decide", { params: { path: { mode: now.mode } }, body: asked })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const back = useMutation({
    mutationFn: (reason: string) => body(api.POST("/api/v1/cutovers/{mode}/switch-back", { params: { path: { mode: now.mode } }, body: { reason } })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const there = now.steps.filter((one) => one.way === "there");
  const wayBack = now.steps.filter((one) => one.way === "back");
  const goes = now.score.go;
  return (
    <>
      <Card>
        <Flex gap={32} align="center" wrap>
          <Progress type="dashboard" size={120} percent={now.score.points} strokeColor={goes ? INK.jade : INK.amber} format={() => now.score.points} aria-label={t("cutover.score")} />
          <Flex vertical gap={6} flex={1} style={{ minWidth: 260 }}>
            <Typography.Text strong style={{ fontSize: 16 }}>{t(goes ? "cutover.hub_says.go" : "cutover.hub_says.no")}</Typography.Text>
            <Typography.Text type="secondary">{t("cutover.threshold", { n: now.score.threshold })}</Typography.Text>
            {now.score.missing.length > 0 && <span>{t("cutover.missing")} {now.score.missing.map((name) => <Tag key={name} color="warning">{titleOf(now, name, i18n.language)}</Tag>)}</span>}
            <Typography.Text type="secondary">
              {t("cutover.begun", { who: now.started_by })} <Moment at={now.started_at} />
              {now.decided_by && <> · {t("cutover.decided", { who: now.decided_by })} <Moment at={now.decided_at} /> {now.reason}</>}
            </Typography.Text>
          </Flex>
          <State of={STATE[now.state]} word={t(`cutover.state.${now.state}`)} />
        </Flex>
        <Flex gap={8} wrap style={{ marginTop: 16 }} align="center">
          {now.mode === "rehearsal" && !now.ended_at && may("cutover.run") && now.steps.some((one) => one.due) && (
            <>
              <Button type="primary" loading={carry.isPending || busy} onClick={() => carry.mutate()}>{t("cutover.carry_out")}</Button>
              {may("cutover.sign") && <Checkbox checked={sign} onChange={(event) => setSign(event.target.checked)}>{t("cutover.sign_too")}</Checkbox>}
            </>
          )}
          {now.decidable && may("cutover.sign") && (
            <>
              <Button type="primary" disabled={now.score.missing.length > 0} loading={decide.isPending} onClick={() => (goes ? decide.mutate({ go: true, reason: "" }) : ask(t("cutover.go.against"), (reason) => decide.mutateAsync({ go: true, reason })))}>
                {t("cutover.go")}
              </Button>
              <Button onClick={() => (goes ? ask(t("cutover.no.against"), (reason) => decide.mutateAsync({ go: false, reason })) : decide.mutate({ go: false, reason: "" }))}>{t("cutover.no_go")}</Button>
            </>
          )}
          {!["switching_back", "switched_back"].includes(now.state) && may("cutover.sign") && (
            <Button danger loading={back.isPending} onClick={() => ask(t("cutover.back.title"), (reason) => back.mutateAsync(reason))}>{t("cutover.back")}</Button>
          )}
        </Flex>
      </Card>
      <JobNote job={under} />
      {now.state === "switching_back" && <Alert type="warning" showIcon title={t("cutover.back.under_way")} />}
      {wayBack.length > 0 && <StepsOf steps={wayBack} now={now} name={t("cutover.way_back")} begun={setJob} busy={busy} />}
      <StepsOf steps={there} now={now} name={t("cutover.way_there")} begun={setJob} busy={busy} />
    </>
  );
}

const STATE: Record<Now["state"], string> = { running: "running", go: "applied", no_go: "paused", switching_back: "running", switched_back: "off", done: "done" };

function titleOf(now: Now, name: string, language: string): string {
  return now.steps.find((one) => one.step === name)?.title[language] ?? name;
}

/** Asks for a reason before something that wants one. */
function useReason(): { ask: (title: string, then: (reason: string) => Promise<unknown>) => void } {
  const { t } = useTranslation();
  const { modal } = App.useApp();
  const why = useRef("");
  return {
    ask: (title, then) => {
      why.current = "";
      void modal.confirm({
        title,
        content: <Input.TextArea aria-label={t("issues.reason")} placeholder={t("issues.reason")} onChange={(event) => { why.current = event.target.value; }} />,
        onOk: () => (why.current.trim() ? then(why.current).catch(() => undefined) : Promise.reject(new Error("reason"))),
      });
    },
  };
}

function StepsOf({ steps, now, name, begun, busy }: { steps: Step[]; now: Now; name: string; begun: (job: string) => void; busy: boolean }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const { ask } = useReason();
  const take = useMutation({
    mutationFn: ({ step, ...asked }: Take & { step: string }) => body(api.POST("/api/v1/cutovers/{mode}/steps/{step}", { params: { path: { mode: now.mode, step } }, body: asked })),
    onSuccess: (made) => begun(made.id),
    onError: tell.failed,
  });
  const say = (step: string, verdict: Take["verdict"], title: string) => ask(title, (note) => take.mutateAsync({ step, verdict, note }));
  return (
    <Card title={name} size="small">
      <Table<Step>
        size="small"
        rowKey="step"
        pagination={false}
        dataSource={steps}
        scroll={{ x: "max-content" }}
        columns={[
          {
            title: t("cutover.step"),
            key: "step",
            render: (_, one) => (
              <Space size={4}>
                {one.title[i18n.language] || (one.step === "merge_back" ? t("cutover.merge_back") : one.step)}
                {one.must && <Tag color="processing">{t("cutover.must")}</Tag>}
              </Space>
            ),
          },
          { title: t("cutover.owner"), dataIndex: "owner", render: (who: string) => who || "—" },
          { title: t("cutover.begins"), key: "begins", align: "right", render: (_, one) => (one.begins_seconds === null ? "—" : <>+<Span seconds={one.begins_seconds} /></>) },
          {
            title: t("plans.state"),
            key: "state",
            render: (_, one) => (
              <Space size={4}>
                <State of={COLOUR[one.state]} word={t(`step.state.${one.state}`)} />
                {one.late_seconds !== null && <Tag color="error">{t("cutover.late")} <Span seconds={one.late_seconds} /></Tag>}
              </Space>
            ),
          },
          { title: t("cutover.signed"), key: "by", render: (_, one) => (one.signed_by === "hub" ? t("trace.hub") : (one.signed_by ?? "—")) },
          { title: t("cutover.found"), key: "said", render: (_, one) => <Typography.Paragraph style={{ maxWidth: 420, margin: 0 }}>{one.said} {one.note && <Typography.Text type="secondary">{one.note}</Typography.Text>}</Typography.Paragraph> },
          {
            title: t("cutover.do"),
            key: "do",
            render: (_, one) =>
              one.due && (
                <Space size={4} wrap>
                  {may("cutover.run") && (!one.signs || one.state !== "running") && <Button size="small" type="primary" disabled={busy} onClick={() => take.mutate({ step: one.step, verdict: "look", note: "" })}>{t(one.signs ? "cutover.take.begin" : "cutover.take.look")}</Button>}
                  {may("cutover.run") && may("cutover.sign") && (
                    <>
                      {one.signs && <Button size="small" disabled={busy} onClick={() => take.mutate({ step: one.step, verdict: "done", note: "" })}>{t("cutover.take.done")}</Button>}
                      <Button size="small" disabled={busy} onClick={() => say(one.step, "failed", t("cutover.take.failed.why"))}>{t("cutover.take.failed")}</Button>
                      <Button size="small" disabled={busy} onClick={() => say(one.step, "skip", t("cutover.take.skip.why"))}>{t("cutover.take.skip")}</Button>
                    </>
                  )}
                </Space>
              ),
          },
        ]}
      />
    </Card>
  );
}
