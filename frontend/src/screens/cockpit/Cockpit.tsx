/** Is everything in step, and what does it cost if not? */
import { CheckCircleFilled, ExclamationCircleFilled, FullscreenOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Button, Card, Col, ConfigProvider, Flex, Row, Spin, Statistic, Table, Typography } from "antd";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { Link, useSearchParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { INK, look } from "../../frame/theme";
import { Moment, Span } from "../../parts/Moment";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";

const Days = lazy(() => import("./Days"));

type Figures = Shape["Cockpit"];

export default function Cockpit() {
  const { t } = useTranslation();
  const [params, change] = useSearchParams();
  const wall = params.get("screen") === "1";
  const asked = useQuery({ queryKey: ["cockpit"], queryFn: () => body(api.GET("/api/v1/cockpit")) });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const now = asked.data;
  const board = <Board now={now} />;
  if (wall) {
    return (
      <ConfigProvider theme={look(true)}>
        <div style={{ position: "fixed", inset: 0, zIndex: 1000, padding: 32, overflow: "auto", background: "#0b1210" }}>
          <Flex vertical gap={24}>
            <Flex justify="space-between">
              <Headline now={now} size={36} />
              <Button type="text" onClick={() => change({})}>{t("cockpit.leave")}</Button>
            </Flex>
            {board}
          </Flex>
        </div>
      </ConfigProvider>
    );
  }
  return (
    <Screen
      title={t("cockpit.title")}
      answer={<Headline now={now} size={15} />}
      actions={<Button icon={<FullscreenOutlined />} onClick={() => change({ screen: "1" })}>{t("cockpit.wall")}</Button>}
    >
      {board}
    </Screen>
  );
}

function Headline({ now, size }: { now: Figures; size: number }) {
  const { t } = useTranslation();
  const waiting = Object.values(now.issues).reduce((sum, n) => sum + n, 0);
  const words = now.paused.length
    ? t("cockpit.answer.paused", { n: now.paused.length })
    : now.in_step
      ? waiting
        ? t("cockpit.answer.waiting", { n: waiting })
        : t("cockpit.answer.all")
      : t("cockpit.answer.behind", { n: now.due });
  const good = now.in_step && !waiting;
  const Sign = good ? CheckCircleFilled : ExclamationCircleFilled;
  return (
    <Typography.Text style={{ fontSize: size }}>
      <Sign style={{ color: good ? INK.jade : INK.amber }} /> {words}
    </Typography.Text>
  );
}

function Board({ now }: { now: Figures }) {
  const { t } = useTranslation();
  const names = useNames();
  const conflicts = now.issues.conflict ?? 0;
  const issues = Object.values(now.issues).reduce((sum, n) => sum + n, 0);
  return (
    <>
      {now.paused.map((one) => (
        <Alert key={one.scope} type="warning" showIcon title={one.title} description={one.detail} action={<Link to="/syncs">{t("cockpit.to_syncs")}</Link>} />
      ))}
      <Row gutter={[16, 16]}>
        <Figure to="/syncs" name={t("cockpit.oldest")} text={<Span seconds={now.oldest_due_seconds} />} bad={(now.oldest_due_seconds ?? 0) > 3600} />
        <Figure to="/syncs" name={t("cockpit.due")} value={now.due} bad={false} />
        <Figure to="/issues" name={t("cockpit.issues")} value={issues} bad={issues > 0} />
        <Figure to="/conflicts" name={t("cockpit.conflicts")} value={conflicts} bad={conflicts > 0} />
        <Figure to="/records?disputed=yes" name={t("cockpit.disputed")} value={now.disputed} bad={now.disputed > 0} />
        <Figure
          to="/reconciliation"
          name={t("cockpit.unexplained")}
          value={now.agreement?.unexplained}
          text={now.agreement ? undefined : t("cockpit.never_compared")}
          bad={(now.agreement?.unexplained ?? 0) > 0}
          note={now.agreement && <Moment at={now.agreement.ended_at} />}
        />
      </Row>
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={14}>
          <Card title={t("cockpit.days")}>
            <Suspense fallback={<Spin />}>
              <Days />
            </Suspense>
          </Card>
        </Col>
        <Col xs={24} xl={10}>
          <Flex vertical gap={16}>
            <Flows now={now} />
            <Card title={t("cockpit.connections")} size="small">
              <Flex gap={8} wrap>
                {Object.entries(now.connections).map(([name, state]) => (
                  <Link key={name} to="/connections">
                    <State of={state === "up" ? "ok" : "paused"} word={`${names.connection(name)} · ${t(`connection.${state}`)}`} />
                  </Link>
                ))}
              </Flex>
            </Card>
          </Flex>
        </Col>
      </Row>
    </>
  );
}

function Figure({
  to,
  name,
  value,
  text,
  bad,
  note,
}: {
  to: string;
  name: string;
  value?: number;
  text?: React.ReactNode;
  bad: boolean;
  note?: React.ReactNode;
}) {
  return (
    <Col xs={12} md={8} xxl={4}>
      <Link to={to}>
        <Card size="small" hoverable style={{ height: "100%" }}>
          <Statistic
            title={name}
            value={value}
            formatter={text ? () => text : undefined}
            styles={{ content: { color: bad ? INK.amber : undefined, fontSize: 26 } }}
          />
          <Typography.Text type="secondary" style={{ fontSize: 12 }}>
            {note ?? "\u00a0"}
          </Typography.Text>
        </Card>
      </Link>
    </Col>
  );
}

function Flows({ now }: { now: Figures }) {
  const { t, i18n } = useTranslation();
  return (
    <Card title={t("cockpit.flows")} size="small">
      <Table
        size="small"
        rowKey="flow"
        pagination={false}
        dataSource={now.flows}
        columns={[
          { title: t("cockpit.flow"), key: "flow", render: (_, one) => <Link to="/syncs">{one.title[i18n.language] ?? one.flow}</Link> },
          { title: t("cockpit.state"), key: "state", render: (_, one) => <State of={one.state} /> },
          { title: t("cockpit.lag"), key: "lag", align: "right", render: (_, one) => <Span seconds={one.lag_seconds} /> },
        ]}
      />
    </Card>
  );
}
