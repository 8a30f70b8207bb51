/** Where has this customer or order been, and why is this value here? */
import { useQuery } from "@tanstack/react-query";
import { Alert, Card, Empty, Flex, Space, Spin, Tag, Timeline, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { Moment } from "../../parts/Moment";
import { Moved } from "../../parts/Moved";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { Undo } from "./Undo";
import { Values } from "./Values";

type Event = Shape["Event"];

export default function Trace() {
  const { t } = useTranslation();
  const { id = "" } = useParams();
  const asked = useQuery({
    queryKey: ["trace", id],
    queryFn: () => body(api.GET("/api/v1/records/{record_id}/trace", { params: { path: { record_id: id } } })),
  });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const { record, events, more } = asked.data;
  const owed = record.links.filter((one) => one.due_at).length;
  const answer = record.open_issues
    ? t("trace.answer.waits", { n: record.open_issues })
    : owed
      ? t("trace.answer.owed", { n: owed })
      : t("trace.answer.agreed", { n: record.links.filter((one) => one.record_id).length });
  return (
    <Screen title={record.title || record.id} answer={answer} actions={<Undo id={id} />}>
      {record.merged_into && (
        <Alert
          type="info"
          showIcon
          title={
            <>
              {t("trace.merged")} <Link to={`/trace/${record.merged_into}`}>{record.merged_into}</Link>
            </>
          }
        />
      )}
      {record.open_issues > 0 && (
        <Alert
          type="warning"
          showIcon
          title={t("trace.answer.waits", { n: record.open_issues })}
          action={<Link to={`/issues?record=${record.id}`}>{t("trace.to_issues")}</Link>}
        />
      )}
      <Values record={record} />
      <Card title={t("trace.life")}>
        {more && <Alert type="info" title={t("trace.more")} style={{ marginBottom: 16 }} />}
        {events.length ? (
          <Timeline
            items={[...events].reverse().map((one) => ({ key: one.id, color: colour(one), content: <Step event={one} entity={record.entity} /> }))}
          />
        ) : (
          <Empty description={t("trace.empty")} />
        )}
      </Card>
    </Screen>
  );
}

function colour(event: Event): string {
  if (event.what === "issue") return event.state === "open" ? "orange" : "gray";
  if (event.error) return "red";
  return event.what === "write" ? "blue" : "green";
}

function Step({ event, entity }: { event: Event; entity: string }) {
  const { t } = useTranslation();
  const names = useNames();
  return (
    <Flex vertical gap={4}>
      <Space size={8} wrap>
        <Typography.Text strong>{t(`event.${event.what}`)}</Typography.Text>
        <span>{event.what === "issue" ? t(`issue.kind.${event.kind}`) : t(`did.${event.kind}`, event.kind)}</span>
        {event.place && <Tag>{names.place(event.place)}</Tag>}
        {event.author && <span>{event.author}</span>}
        {event.state && <State of={event.state} />}
        <Typography.Text type="secondary">
          <Moment at={event.at} exact />
        </Typography.Text>
        {event.run_id && <Link to={`/runs/${event.run_id}`}>{t("trace.run")}</Link>}
      </Space>
      {event.error && <Alert type="warning" title={event.error.title} description={event.error.detail} />}
      {Object.keys(event.moved).length > 0 && <Moved moved={event.moved} entity={entity} />}
    </Flex>
  );
}
