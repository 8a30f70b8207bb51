/** What would be written, and what waits for a signature? */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Button, Empty, Segmented } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useJob } from "../../api/jobs";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Plan = Shape["Plan"];
const STATES = ["draft", "approved", "applying", "applied", "partly_applied", "rejected", "expired"] as const;

export default function Plans() {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const go = useNavigate();
  const [state, setState] = useFilter("state");
  const [job, setJob] = useState<string>();
  const chosen = STATES.find((one) => one === state);
  const waiting = useQuery({
    queryKey: ["plans", "draft"],
    queryFn: () => body(api.GET("/api/v1/plans", { params: { query: { state: ["draft"], limit: 200 } } })),
  });
  const make = useMutation({
    mutationFn: () => body(api.POST("/api/v1/plans", { body: { flows: [], full: false, reason: "" } })),
    onSuccess: (made) => setJob(made.id),
    onError: tell.failed,
  });
  const under = useJob(job, (ended) => {
    const made = (ended.result as { plan?: string } | null)?.plan;
    if (made) void go(`/plans/${made}`);
    else if (ended.state === "done") tell.done(t("plans.nothing"));
  });
  const n = waiting.data?.items.length ?? 0;
  return (
    <Screen
      title={t("plans.title")}
      answer={waiting.data && (n ? t("plans.answer", { n }) : t("plans.answer.none"))}
      actions={
        may("plan.make") && (
          <Button type="primary" loading={make.isPending || (under && under.state !== "done" && under.state !== "failed")} onClick={() => make.mutate()}>
            {t("plans.make")}
          </Button>
        )
      }
    >
      <JobNote job={under} />
      <Segmented
        style={{ alignSelf: "flex-start" }}
        value={chosen ?? ""}
        onChange={(value) => setState(value || undefined)}
        options={[{ value: "", label: t("filter.all") }, ...STATES.map((one) => ({ value: one as string, label: t(`plan.state.${one}`) }))]}
      />
      <Paged<Plan>
        question={["plans", chosen]}
        load={(cursor) => body(api.GET("/api/v1/plans", { params: { query: { cursor, state: chosen ? [chosen] : undefined } } }))}
        rowKey="id"
        empty={<Empty description={t("plans.empty")} />}
        columns={[
          { title: t("plans.made"), key: "at", render: (_, one) => <Link to={`/plans/${one.id}`}><Moment at={one.created_at} exact /></Link> },
          { title: t("plans.kind"), dataIndex: "kind", render: (kind: string) => t(`plan.kind.${kind}`) },
          { title: t("plans.writes"), dataIndex: "writes", align: "right", render: (count: number) => count.toLocaleString() },
          { title: t("plans.author"), dataIndex: "author" },
          { title: t("plans.reason"), dataIndex: "reason", ellipsis: true },
          { title: t("plans.state"), dataIndex: "state", render: (s: string) => <State of={planState(s)} word={t(`plan.state.${s}`)} /> },
        ]}
      />
    </Screen>
  );
}

/** In which colour a plan's state is shown. */
export function planState(state: string): string {
  return state === "draft" ? "waiting" : state === "partly_applied" ? "paused" : state;
}
