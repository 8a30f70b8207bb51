/** Could the hub be put back as it is? */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, Button, Empty, Table, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body } from "../../api/client";
import { useJob } from "../../api/jobs";
import { useMay } from "../../frame/session";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useTell } from "../../parts/tell";

export default function Backups() {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const [job, setJob] = useState<string>();
  const asked = useQuery({ queryKey: ["backups"], queryFn: () => body(api.GET("/api/v1/backups")) });
  const under = useJob(job, (ended) => ended.state === "done" && tell.done(t("backups.whole", { n: (ended.result as { rows: number }).rows.toLocaleString() })));
  const busy = under?.state === "running" || under?.state === "waiting";
  const make = useMutation({ mutationFn: () => body(api.POST("/api/v1/backups")), onSuccess: (made) => setJob(made.id), onError: tell.failed });
  const verify = useMutation({
    mutationFn: (name: string) => body(api.POST("/api/v1/backups/{backup}/verify", { params: { path: { backup: name } } })),
    onSuccess: (made) => setJob(made.id),
    onError: tell.failed,
  });
  const newest = asked.data?.items[0];
  return (
    <Screen
      title={t("backups.title")}
      answer={asked.data && (newest ? <>{t("backups.answer")} <Moment at={newest.made_at} /></> : t("backups.answer.none"))}
      actions={may("backup.make") && <Button type="primary" loading={make.isPending || busy} onClick={() => make.mutate()}>{t("backups.make")}</Button>}
    >
      <JobNote job={under} />
      {asked.error && <ProblemNote error={asked.error} />}
      <Table
        size="middle"
        rowKey="name"
        loading={asked.isLoading}
        pagination={false}
        dataSource={asked.data?.items}
        locale={{ emptyText: <Empty description={t("backups.empty")} /> }}
        columns={[
          { title: t("backups.made"), dataIndex: "made_at", render: (at: string) => (at ? <Moment at={at} exact /> : t("backups.unreadable")) },
          { title: t("backups.file"), dataIndex: "name", render: (name: string) => <Typography.Text code>{name}</Typography.Text> },
          { title: t("backups.size"), dataIndex: "bytes", align: "right", render: (n: number) => `${(n / 1_048_576).toLocaleString(undefined, { maximumFractionDigits: 1 })} MB` },
          { title: t("backups.key"), dataIndex: "key" },
          ...(may("backup.make") ? [{ title: t("cutover.do"), key: "do", render: (_: unknown, one: { name: string }) => <Button size="small" disabled={busy} onClick={() => verify.mutate(one.name)}>{t("backups.verify")}</Button> }] : []),
        ]}
      />
      <Alert type="info" title={t("backups.restore")} />
    </Screen>
  );
}
