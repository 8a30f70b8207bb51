/** What runs, when, how fresh, how far behind? */
import { PauseCircleOutlined, PlayCircleOutlined, ThunderboltOutlined } from "@ant-design/icons";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Descriptions, Empty, Flex, Space, Spin, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { Moment, Span } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Flow = Shape["Flow"];

export default function Syncs() {
  const { t } = useTranslation();
  const asked = useQuery({ queryKey: ["flows"], queryFn: () => body(api.GET("/api/v1/flows")) });
  const flows = asked.data?.items ?? [];
  const off = flows.filter((one) => one.state !== "in_step").length;
  return (
    <Screen
      title={t("syncs.title")}
      answer={asked.data && (off ? t("syncs.answer.some", { n: off, of: flows.length }) : t("syncs.answer.all", { n: flows.length }))}
    >
      {asked.error && <ProblemNote error={asked.error} />}
      {asked.isLoading && <Spin />}
      {asked.data && !flows.length && <Empty description={t("syncs.empty")} />}
      {flows.map((one) => (
        <OneFlow key={one.flow} flow={one} />
      ))}
    </Screen>
  );
}

function OneFlow({ flow }: { flow: Flow }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const { modal } = App.useApp();
  const names = useNames();
  const questions = useQueryClient();
  const anew = () => questions.invalidateQueries({ queryKey: ["flows"] });
  const go = useMutation({
    mutationFn: () =>
      body(api.POST("/api/v1/flows/{flow}/run", { params: { path: { flow: flow.flow } }, body: { full: false } })),
    onSuccess: () => tell.done(t("syncs.told.run")),
    onError: tell.failed,
  });
  const scope = `flow:${flow.flow}`;
  const stop = useMutation({
    mutationFn: () => body(api.POST("/api/v1/pauses", { body: { scope } })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const resume = useMutation({
    mutationFn: (one: string) => body(api.DELETE("/api/v1/pauses/{scope}", { params: { path: { scope: one } } })),
    onSuccess: anew,
    onError: tell.failed,
  });
  const name = flow.title[i18n.language] ?? flow.flow;
  const byPerson = flow.paused.some((one) => one.scope === scope);
  return (
    <Card
      title={
        <Space>
          {name}
          <State of={flow.state} />
        </Space>
      }
      extra={
        <Space wrap>
          {may("flow.run") && (
            <Button icon={<ThunderboltOutlined />} loading={go.isPending} onClick={() => go.mutate()}>
              {t("syncs.action.run")}
            </Button>
          )}
          {may("flow.pause") && !byPerson && (
            <Button
              icon={<PauseCircleOutlined />}
              loading={stop.isPending}
              onClick={() =>
                void modal.confirm({
                  title: t("syncs.pause.title", { name }),
                  content: t("syncs.pause.effect", { n: flow.records }),
                  onOk: () => stop.mutateAsync(),
                })
              }
            >
              {t("syncs.action.pause")}
            </Button>
          )}
        </Space>
      }
    >
      <Flex vertical gap={12}>
        {flow.paused.map((one) => (
          <Alert
            key={one.scope}
            type="warning"
            showIcon
            title={one.title}
            description={
              <>
                {one.detail} <Typography.Text type="secondary">({names.scope(one.scope)}, <Moment at={one.since_at} />)</Typography.Text>
              </>
            }
            action={
              may("flow.pause") && (
                <Button
                  icon={<PlayCircleOutlined />}
                  loading={resume.isPending}
                  onClick={() => resume.mutate(one.scope)}
                >
                  {t("syncs.action.resume")}
                </Button>
              )
            }
          />
        ))}
        <Descriptions
          size="small"
          column={{ xs: 1, sm: 2, lg: 4 }}
          items={[
            { key: "records", label: t("syncs.records"), children: flow.records.toLocaleString() },
            {
              key: "due",
              label: t("syncs.due"),
              children: flow.due ? t("syncs.due.some", { n: flow.due.toLocaleString() }) : t("syncs.due.none"),
            },
            { key: "lag", label: t("syncs.lag"), children: <Span seconds={flow.lag_seconds} /> },
            { key: "read", label: t("syncs.read"), children: <Moment at={flow.read_at} /> },
            { key: "schedule", label: t("syncs.schedule"), children: flow.schedule },
            { key: "full", label: t("syncs.full"), children: <Moment at={flow.full_at} /> },
            { key: "mappings", label: t("syncs.mappings"), children: flow.mappings.map(names.mapping).join(", ") },
            {
              key: "last",
              label: t("syncs.last"),
              children: flow.last_run ? (
                <Link to={`/runs/${flow.last_run.id}`}>
                  <State of={flow.last_run.state} />
                </Link>
              ) : (
                t("moment.never")
              ),
            },
          ]}
        />
      </Flex>
    </Card>
  );
}
