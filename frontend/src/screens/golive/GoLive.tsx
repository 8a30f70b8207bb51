/** What is still missing before we may switch on? */
import { CheckCircleFilled, ClockCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Button, Card, Flex, Progress, Spin, Tag, theme, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { type Names, useNames } from "../../api/names";
import { PLACES } from "../../frame/screens";
import { useMay } from "../../frame/session";
import { INK } from "../../frame/theme";
import { Moment } from "../../parts/Moment";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";

type Line = Shape["ChecklistLine"];

/** Where each line is mended. */
const MENDED: Record<Line["name"], string> = {
  connections: "/connections",
  rights: "/settings",
  mappings: "/mappings",
  rehearsal: "/cutovers",
  plan: "/plans",
  backup: "/backups",
  alerts: "/settings/alerts",
  reconciliation: "/reconciliation",
};

export default function GoLive() {
  const { t } = useTranslation();
  const asked = useQuery({
    queryKey: ["golive"],
    queryFn: () => body(api.GET("/api/v1/go-live")),
    refetchInterval: false,
  });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const { items, done, ready } = asked.data;
  return (
    <Screen
      title={t("golive.title")}
      answer={ready ? t("golive.answer.ready") : t("golive.answer.missing", { n: items.length - done, of: items.length })}
      actions={
        <Button loading={asked.isFetching} onClick={() => void asked.refetch()}>
          {t("golive.again")}
        </Button>
      }
    >
      <Progress
        percent={Math.round((done * 100) / items.length)}
        strokeColor={ready ? INK.jade : INK.amber}
        format={() => `${done} / ${items.length}`}
        aria-label={t("golive.title")}
      />
      <Card styles={{ body: { padding: 0 } }}>
        <ol style={{ listStyle: "none", margin: 0, padding: 0 }}>
          {items.map((line, n) => (
            <OneLine key={line.name} line={line} last={n === items.length - 1} />
          ))}
        </ol>
      </Card>
    </Screen>
  );
}

function OneLine({ line, last }: { line: Line; last: boolean }) {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const { token } = theme.useToken();
  const path = line.name === "plan" && line.about ? `/plans/${line.about}` : MENDED[line.name];
  const place = PLACES.find((one) => one.group && path.startsWith(one.path) && one.path !== "/");
  const Sign = line.done ? CheckCircleFilled : ClockCircleOutlined;
  return (
    <li style={{ padding: "16px 24px", borderBottom: last ? undefined : `1px solid ${token.colorBorderSecondary}` }}>
      <Flex gap={16} align="flex-start">
        <Sign style={{ fontSize: 22, marginTop: 2, color: line.done ? INK.jade : INK.amber }} />
        <Flex vertical gap={4} flex={1} style={{ minWidth: 0 }}>
          <Typography.Text strong style={{ fontSize: 15 }}>
            {t(`golive.line.${line.name}`)}
          </Typography.Text>
          <span>
            {line.said} {line.at && <Typography.Text type="secondary"><Moment at={line.at} /></Typography.Text>}
          </span>
          {line.next && <Typography.Text type="secondary">{line.next}</Typography.Text>}
          {line.missing.length > 0 && (
            <Flex gap={4} wrap>
              {line.missing.map((one) => (
                <Tag key={one.name}>{called(line, one, names)}</Tag>
              ))}
            </Flex>
          )}
        </Flex>
        <Tag color={line.done ? "success" : "warning"} variant="filled">
          {t(line.done ? "golive.done" : "golive.open")}
        </Tag>
        {place && may(place.right) && (
          <Link to={path}>
            <Button size="small">{t(line.done ? "golive.look" : "golive.mend")}</Button>
          </Link>
        )}
      </Flex>
    </li>
  );
}

function called(line: Line, one: Line["missing"][number], names: Names): string {
  if (line.name === "connections") return names.connection(one.name);
  return line.name === "mappings" ? names.mapping(one.name) : one.title;
}
