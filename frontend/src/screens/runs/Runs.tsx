/** Everything that ran: when, of what, with which end. */
import { Flex, Segmented, Select, Typography } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { summary } from "./counts";

type Run = Shape["RunHead"];
const STATES = ["running", "done", "failed", "paused", "stopped"] as const;

export default function Runs() {
  const { t } = useTranslation();
  const names = useNames();
  const [state, setState] = useFilter("state");
  const [scope, setScope] = useFilter("scope");
  const flows = useQuery({ queryKey: ["flows"], queryFn: () => body(api.GET("/api/v1/flows")) });
  const chosen = STATES.find((one) => one === state);
  return (
    <Screen title={t("runs.title")} answer={t("runs.answer")}>
      <Flex gap={12} wrap>
        <Segmented
          value={chosen ?? ""}
          onChange={(value) => setState(value || undefined)}
          options={[{ value: "", label: t("filter.all") }, ...STATES.map((s) => ({ value: s as string, label: t(`state.${s}`) }))]}
        />
        <Select
          allowClear
          style={{ minWidth: 200 }}
          aria-label={t("runs.scope")}
          placeholder={t("runs.scope")}
          value={scope}
          onChange={setScope}
          options={flows.data?.items.map((one) => ({ value: one.flow, label: names.flow(one.flow) }))}
        />
      </Flex>
      <Paged<Run>
        question={["runs", chosen, scope]}
        load={(cursor) =>
          body(api.GET("/api/v1/runs", { params: { query: { cursor, scope, state: chosen ? [chosen] : undefined } } }))
        }
        rowKey="id"
        empty={t("runs.empty")}
        columns={[
          { title: t("runs.started"), key: "at", render: (_, run) => <Link to={`/runs/${run.id}`}><Moment at={run.started_at} exact /></Link> },
          { title: t("runs.kind"), dataIndex: "kind", render: (kind: string) => t(`run.kind.${kind}`, kind) },
          { title: t("runs.scope"), dataIndex: "scope", render: (scope: string) => (scope === "due" ? t("runs.due") : names.scope(scope)) },
          { title: t("runs.state"), dataIndex: "state", render: (s: string) => <State of={s} /> },
          { title: t("runs.what"), key: "counts", render: (_, run) => <Typography.Text>{summary(run.counts, t)}</Typography.Text> },
        ]}
      />
    </Screen>
  );
}
