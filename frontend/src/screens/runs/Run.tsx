/** What exactly happened? */
import { Alert, Card, Descriptions, Segmented, Statistic, Flex } from "antd";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { Moved } from "../../parts/Moved";
import { Paged } from "../../parts/Paged";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { summed } from "./counts";

type Touched = Shape["Touched"];

export default function Run() {
  const { t } = useTranslation();
  const names = useNames();
  const { run = "" } = useParams();
  const [what, setWhat] = useFilter("what");
  const side = what === "change" ? "change" : "write";
  const asked = useQuery({
    queryKey: ["runs", run],
    queryFn: () => body(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: run } } })),
  });
  if (asked.error) return <ProblemPage error={asked.error} />;
  const head = asked.data;
  return (
    <Screen
      title={t("run.title")}
      answer={head && <><State of={head.state} /> {t(`run.kind.${head.kind}`, head.kind)} · {names.scope(head.scope)} · <Moment at={head.started_at} exact /></>}
    >
      {head?.why && <Alert type="warning" showIcon title={head.why.title} description={head.why.detail} />}
      <Card size="small">
        <Flex gap={32} wrap>
          {head && [...summed(head.counts)].filter(([, n]) => n > 0).map(([name, n]) => (
            <Statistic key={name} title={t(`count.${name}`, name)} value={n} />
          ))}
        </Flex>
        <Descriptions
          size="small"
          style={{ marginTop: 12 }}
          items={[
            { key: "id", label: t("run.number"), children: <code>{run}</code> },
            { key: "ended", label: t("run.ended"), children: <Moment at={head?.ended_at} exact /> },
            { key: "version", label: t("run.version"), children: head?.project_version },
          ]}
        />
      </Card>
      <Segmented
        value={side}
        onChange={(value) => setWhat(value)}
        options={[{ value: "write", label: t("run.written") }, { value: "change", label: t("run.learned") }]}
        style={{ alignSelf: "flex-start" }}
      />
      <Paged<Touched>
        question={["run-records", run, side]}
        load={(cursor) =>
          body(api.GET("/api/v1/runs/{run_id}/records", { params: { path: { run_id: run }, query: { what: side, cursor } } }))
        }
        rowKey="id"
        empty={t(side === "write" ? "run.none.written" : "run.none.learned")}
        expandable={{ expandedRowRender: (row) => <Moved moved={row.moved} entity={row.entity} /> }}
        columns={[
          { title: t("run.record"), key: "title", render: (_, row) => <Link to={`/trace/${row.golden_id}`}>{row.title || row.golden_id}</Link> },
          { title: t("run.entity"), dataIndex: "entity", render: names.entity },
          { title: t("run.system"), key: "system", render: (_, row) => names.place(row.connection, row.object) },
          { title: t("run.did"), key: "kind", render: (_, row) => t(`did.${row.kind}`, row.kind) },
          { title: t("runs.state"), key: "state", render: (_, row) => row.state && <State of={row.state} /> },
          { title: t("run.error"), key: "error", render: (_, row) => row.error?.title },
        ]}
      />
    </Screen>
  );
}
