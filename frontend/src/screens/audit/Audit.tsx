/** Who did what, and is the log whole? */
import { DownloadOutlined, SafetyOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Alert, Button, DatePicker, Flex, Input, Select, Typography } from "antd";
import dayjs from "dayjs";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";

type Row = Shape["AuditEntry"];

/** Beginnings of what can be done, as groups that people look for. */
const GROUPS = ["login", "account.", "role.", "policy.", "token.", "session.", "project.", "plan.", "issue.", "record.", "secret.", "key.", "audit.", "right.", "written"] as const;

export default function Audit() {
  const { t } = useTranslation();
  const may = useMay();
  const [actor, setActor] = useFilter("actor");
  const [action, setAction] = useFilter("action");
  const [words, setWords] = useFilter("words");
  const [since, setSince] = useFilter("since");
  const verify = useMutation({ mutationFn: () => body(api.POST("/api/v1/audit/verify")) });
  const asked = { actor, words, since, action: action ? [action] : undefined };
  const query = new URLSearchParams(Object.entries({ actor, words, since, action }).filter((pair): pair is [string, string] => Boolean(pair[1])));
  return (
    <Screen
      title={t("audit.title")}
      answer={t("audit.answer")}
      actions={
        <>
          {may("audit.export") && <Button icon={<DownloadOutlined />} href={`/api/v1/audit/export?${query}`}>{t("audit.export")}</Button>}
          {may("audit.verify") && <Button type="primary" icon={<SafetyOutlined />} loading={verify.isPending} onClick={() => verify.mutate()}>{t("audit.verify")}</Button>}
        </>
      }
    >
      {verify.error && <ProblemNote error={verify.error} />}
      {verify.data && <Verdict of={verify.data} />}
      <Flex gap={12} wrap>
        <Input.Search allowClear defaultValue={words} placeholder={t("audit.words")} aria-label={t("audit.words")} onSearch={setWords} style={{ width: 240 }} />
        <Input.Search allowClear defaultValue={actor} placeholder={t("audit.actor")} aria-label={t("audit.actor")} onSearch={setActor} style={{ width: 200 }} />
        <Select
          allowClear
          style={{ minWidth: 180 }}
          aria-label={t("audit.action")}
          placeholder={t("audit.action")}
          value={action}
          onChange={setAction}
          options={GROUPS.map((one) => ({ value: one, label: t(`audit.group.${one.replace(".", "")}`) }))}
        />
        <DatePicker
          aria-label={t("audit.since")}
          placeholder={t("audit.since")}
          value={since ? dayjs(since) : null}
          onChange={(day) => setSince(day ? day.startOf("day").toISOString() : undefined)}
        />
      </Flex>
      <Paged<Row>
        question={["audit", actor, action, words, since]}
        load={(cursor) => body(api.GET("/api/v1/audit", { params: { query: { cursor, ...asked } } }))}
        rowKey="seq"
        empty={t("audit.empty")}
        expandable={{ expandedRowRender: (row) => <Typography.Paragraph code style={{ whiteSpace: "pre-wrap", margin: 0 }}>{JSON.stringify(row.detail, null, 1)}</Typography.Paragraph>, rowExpandable: (row) => row.detail !== null }}
        columns={[
          { title: t("audit.row"), dataIndex: "seq", align: "right" },
          { title: t("audit.at"), dataIndex: "at", render: (at: string) => <Moment at={at} exact /> },
          { title: t("audit.actor"), dataIndex: "actor" },
          { title: t("audit.action"), dataIndex: "action", render: (what: string) => <Typography.Text code>{what}</Typography.Text> },
          { title: t("audit.object"), dataIndex: "object", ellipsis: true, width: 240 },
          { title: t("audit.request"), dataIndex: "request", render: (id: string | null) => id && <Typography.Text code copyable>{id}</Typography.Text> },
        ]}
      />
    </Screen>
  );
}

function Verdict({ of: found }: { of: Shape["Chain"] }) {
  const { t } = useTranslation();
  if (!found.whole) {
    const why = found.broken_at ? t("audit.broken", { n: found.broken_at }) : t("audit.altered", { id: found.altered_write });
    return <Alert type="error" showIcon title={why} description={t("audit.broken.next")} />;
  }
  return (
    <Alert
      type="success"
      showIcon
      title={t("audit.whole", { n: found.rows.toLocaleString() })}
      description={<>{t("audit.anchor")} <Typography.Text code copyable style={{ wordBreak: "break-all" }}>{found.anchor}</Typography.Text></>}
    />
  );
}
