/** Do the two books agree today, in counts and in money? */
import { DownloadOutlined } from "@ant-design/icons";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Card, Dropdown, Empty, Select, Statistic, Table, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useJob } from "../../api/jobs";
import { useMay } from "../../frame/session";
import { INK } from "../../frame/theme";
import { useFilter } from "../../parts/filters";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useTell } from "../../parts/tell";
import dayjs from "dayjs";
import { Differences } from "./Differences";
import { Money } from "./Money";

type Section = Shape["Section"];

export default function Reconciliation() {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const [job, setJob] = useState<string>();
  const [picked, pick] = useFilter("id");
  const all = useQuery({
    queryKey: ["reconciliations"],
    queryFn: () => body(api.GET("/api/v1/reconciliations", { params: { query: { limit: 50 } } })),
  });
  const id = picked ?? all.data?.items[0]?.id;
  const asked = useQuery({
    queryKey: ["reconciliations", id],
    queryFn: () => body(api.GET("/api/v1/reconciliations/{proof_id}", { params: { path: { proof_id: id ?? "" } } })),
    enabled: id !== undefined,
    refetchInterval: false,
  });
  const run = useMutation({
    mutationFn: () => body(api.POST("/api/v1/reconciliations", { body: { mappings: [], how: "auto", workers: 1, period: "month", plan: false } })),
    onSuccess: (made) => setJob(made.id),
    onError: tell.failed,
  });
  const under = useJob(job, (ended) => ended.state === "done" && pick(undefined));
  const busy = under?.state === "running" || under?.state === "waiting";
  const proof = asked.data;
  const answer = proof
    ? proof.unexplained
      ? t("reconciliation.answer.some", { n: proof.unexplained })
      : t("reconciliation.answer.none")
    : all.data && t("reconciliation.answer.never");
  return (
    <Screen
      title={t("reconciliation.title")}
      answer={<>{answer} {proof && <Moment at={proof.ended_at} />}</>}
      actions={
        <>
          {(all.data?.items.length ?? 0) > 1 && (
            <Select
              value={id}
              aria-label={t("reconciliation.earlier")}
              onChange={(value) => pick(value)}
              options={all.data?.items.map((one) => ({ value: one.id, label: `${dayjs(one.ended_at).format("YYYY-MM-DD HH:mm")} · ${one.unexplained}` }))}
            />
          )}
          {proof && may("reconciliation.sign") && may("report.export") && (
            <Dropdown
              menu={{
                items: [
                  { key: "html", label: <a href={`/api/v1/reconciliations/${proof.id}/report?form=html`}>HTML</a> },
                  { key: "xlsx", label: <a href={`/api/v1/reconciliations/${proof.id}/report?form=xlsx`}>Excel</a> },
                  { key: "pdf", label: <a href={`/api/v1/reconciliations/${proof.id}/report?form=pdf`}>PDF</a> },
                ],
              }}
            >
              <Button icon={<DownloadOutlined />}>{t("reconciliation.report")}</Button>
            </Dropdown>
          )}
          {may("reconciliation.run") && (
            <Button type="primary" loading={run.isPending || busy} onClick={() => run.mutate()}>
              {t("reconciliation.run")}
            </Button>
          )}
        </>
      }
    >
      <JobNote job={under} />
      {all.error && <ProblemNote error={all.error} />}
      {asked.error && <ProblemNote error={asked.error} />}
      {all.data && !all.data.items.length && <Empty description={t("reconciliation.empty")} />}
      {proof && (
        <>
          <Card size="small">
            <Statistic
              title={t("reconciliation.unexplained")}
              value={proof.unexplained}
              styles={{ content: { fontSize: 40, color: proof.unexplained ? INK.amber : INK.jade } }}
            />
          </Card>
          <Matrix sections={proof.sections} />
          <Money proof={proof} />
          <Differences id={proof.id} />
        </>
      )}
    </Screen>
  );
}

function Matrix({ sections }: { sections: Section[] }) {
  const { t } = useTranslation();
  const names = useNames();
  const number = (n: number | undefined) => (n ?? 0).toLocaleString();
  return (
    <Card title={t("reconciliation.matrix")} size="small">
      <Table<Section>
        size="small"
        rowKey={(one) => `${one.left} ${one.right}`}
        pagination={false}
        dataSource={sections}
        scroll={{ x: "max-content" }}
        columns={[
          { title: t("records.entity"), dataIndex: "entity", render: names.entity },
          { title: t("reconciliation.pair"), key: "pair", render: (_, one) => `${names.scope(one.left)} ⇄ ${names.scope(one.right)}` },
          { title: t("reconciliation.pairs"), key: "pairs", align: "right", render: (_, one) => number(one.counts.pairs) },
          { title: t("reconciliation.equal"), key: "equal", align: "right", render: (_, one) => number(one.counts.equal) },
          { title: t("reconciliation.differing"), key: "differing", align: "right", render: (_, one) => number(one.counts.differing) },
          {
            title: t("reconciliation.classes"),
            key: "classes",
            render: (_, one) => (
              <Typography.Paragraph style={{ margin: 0, maxWidth: 260 }}>
                {Object.entries(one.classes)
                  .filter(([, n]) => n > 0)
                  .map(([kind, n]) => `${t(`difference.${kind}`, kind)} ${n.toLocaleString()}`)
                  .join(" · ") || "—"}
              </Typography.Paragraph>
            ),
          },
          { title: t("reconciliation.unexplained"), dataIndex: "unexplained", align: "right", render: (n: number) => <strong>{number(n)}</strong> },
        ]}
      />
    </Card>
  );
}
