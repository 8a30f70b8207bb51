/** One issue: what it says, what to do, and the ways in which it can be settled. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, DatePicker, Descriptions, Divider, Flex, Form, Input, Popconfirm, Space, Spin, Typography } from "antd";
import type { Dayjs } from "dayjs";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay, useMe } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { said } from "../../parts/Moved";
import { ProblemPage } from "../../parts/ProblemPage";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Issue = Shape["Issue"];
type Take = Shape["Settle"]["take"];

const DELETES: readonly string[] = ["delete", "deactivate", "restore", "keep"];

export function OneIssue({ id }: { id: string }) {
  const { t } = useTranslation();
  const names = useNames();
  const asked = useQuery({
    queryKey: ["issues", "one", id],
    queryFn: () => body(api.GET("/api/v1/issues/{issue_id}", { params: { path: { issue_id: id } } })),
  });
  if (asked.error) return <ProblemPage error={asked.error} />;
  if (!asked.data) return <Spin />;
  const one = asked.data;
  return (
    <Flex vertical gap={16}>
      <Alert
        type={one.state === "open" ? "warning" : "info"}
        showIcon
        title={one.title === one.cause ? t(`issue.kind.${one.kind}.said`, one.cause) : one.title}
        description={one.detail || t(`issue.kind.${one.kind}.do`, "")}
      />
      <Descriptions
        size="small"
        column={1}
        bordered
        items={[
          {
            key: "record",
            label: t("issues.record"),
            children: one.golden_id ? <Link to={`/trace/${one.golden_id}`}>{one.record || one.golden_id}</Link> : names.connection(one.connection),
          },
          { key: "system", label: t("issues.system"), children: names.connection(one.connection) || "—" },
          { key: "field", label: t(one.kind === "duplicate" ? "issues.twin" : "issues.field"), children: one.kind === "duplicate" ? <Typography.Text code>{one.field}</Typography.Text> : names.field(one.entity, one.field) || "—" },
          { key: "state", label: t("issues.state"), children: <State of={one.state} word={t(`issue.state.${one.state}`)} /> },
          { key: "opened", label: t("issues.opened"), children: <Moment at={one.opened_at} exact /> },
          { key: "who", label: t("issues.who"), children: one.assignee ?? "—" },
          ...(one.decision ? [{ key: "decision", label: t("issues.decision"), children: `${one.decision} (${one.closed_by ?? ""})` }] : []),
        ]}
      />
      {one.state === "open" && <Decide issue={one} />}
    </Flex>
  );
}

function useDone(): { onSuccess: () => Promise<void>; onError: (error: Error) => void } {
  const questions = useQueryClient();
  const tell = useTell();
  const { t } = useTranslation();
  return {
    onSuccess: async () => {
      tell.done(t("issues.done"));
      await questions.invalidateQueries({ queryKey: ["issues"] });
      await questions.invalidateQueries({ queryKey: ["cockpit"] });
    },
    onError: tell.failed,
  };
}

function Decide({ issue }: { issue: Issue }) {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const path = { issue_id: issue.id };
  const settle = useMutation({
    mutationFn: (take: Take) => body(api.POST("/api/v1/issues/{issue_id}/settle", { params: { path }, body: { take } })),
    ...useDone(),
  });
  const assign = useMutation({
    mutationFn: (assignee: string | null) => body(api.POST("/api/v1/issues/{issue_id}/assign", { params: { path }, body: { assignee } })),
    ...useDone(),
  });
  const can = (choice: string) => issue.choices.includes(choice) && may("issue.decide");
  return (
    <>
      {issue.kind === "conflict" && <Link to={`/conflicts?issue=${issue.id}`}>{t("issues.to_desk")}</Link>}
      {DELETES.some(can) && (
        <Space wrap>
          {DELETES.filter(can).map((take) => (
            <Popconfirm key={take} title={t(`settle.${take}.effect`)} onConfirm={() => settle.mutate(take as Take)}>
              <Button danger={take === "delete"} loading={settle.isPending}>
                {t(`settle.${take}`)}
              </Button>
            </Popconfirm>
          ))}
        </Space>
      )}
      {can("retry") && <Retry issue={issue} />}
      {can("ignore") && <Ignore issue={issue} />}
      {issue.choices.includes("resume") && <Link to="/syncs">{t("issues.to_syncs")}</Link>}
      {may("issue.assign") && (
        <>
          <Divider style={{ margin: 0 }} />
          <Space>
            {issue.assignee !== me.name && (
              <Button size="small" loading={assign.isPending} onClick={() => assign.mutate(me.name)}>
                {t("issues.mine")}
              </Button>
            )}
            {issue.assignee && (
              <Button size="small" loading={assign.isPending} onClick={() => assign.mutate(null)}>
                {t("issues.nobody")}
              </Button>
            )}
          </Space>
        </>
      )}
    </>
  );
}

/** A refused write, with the values that were refused: let it go again, corrected where needed. */
function Retry({ issue }: { issue: Issue }) {
  const { t } = useTranslation();
  const names = useNames();
  const values = (issue.facts.values ?? {}) as Record<string, unknown>;
  const plain = Object.entries(values).filter(([, value]) => value === null || typeof value !== "object");
  const retry = useMutation({
    mutationFn: (given: Record<string, string>) => {
      const moved = Object.fromEntries(plain.map(([name]) => [name, given[name] ?? ""] as const).filter(([name, now]) => now !== text(values[name]) && now !== undefined));
      return body(api.POST("/api/v1/issues/{issue_id}/retry", { params: { path: { issue_id: issue.id } }, body: { values: moved } }));
    },
    ...useDone(),
  });
  return (
    <Form<Record<string, string>>
      layout="vertical"
      initialValues={Object.fromEntries(plain.map(([name, value]) => [name, text(value)]))}
      onFinish={(given) => retry.mutate(given)}
    >
      {plain.length > 0 && <Typography.Paragraph type="secondary">{t("issues.retry.hint")}</Typography.Paragraph>}
      {plain.map(([name]) => (
        <Form.Item
          key={name}
          name={name}
          label={names.field(issue.entity, name)}
          validateStatus={name === issue.facts.blames ? "warning" : undefined}
          extra={name === issue.facts.blames ? t("issues.blamed") : undefined}
          style={{ marginBottom: 12 }}
        >
          <Input />
        </Form.Item>
      ))}
      <Button type="primary" htmlType="submit" loading={retry.isPending}>
        {t("issues.retry")}
      </Button>
    </Form>
  );
}

function text(value: unknown): string {
  return value === null || value === undefined ? "" : said(value);
}

function Ignore({ issue }: { issue: Issue }) {
  const { t } = useTranslation();
  const ignore = useMutation({
    mutationFn: (given: { reason: string; until?: Dayjs }) =>
      body(
        api.POST("/api/v1/issues/{issue_id}/ignore", {
          params: { path: { issue_id: issue.id } },
          body: { reason: given.reason, until: given.until?.toISOString() ?? null },
        }),
      ),
    ...useDone(),
  });
  return (
    <Form<{ reason: string; until?: Dayjs }> layout="inline" onFinish={(given) => ignore.mutate(given)}>
      <Form.Item name="reason" rules={[{ required: true, message: t("issues.reason.needed") }]}>
        <Input placeholder={t("issues.reason")} aria-label={t("issues.reason")} style={{ width: 240 }} maxLength={500} />
      </Form.Item>
      <Form.Item name="until">
        <DatePicker placeholder={t("issues.until")} aria-label={t("issues.until")} />
      </Form.Item>
      <Button htmlType="submit" loading={ignore.isPending}>
        {t("issues.ignore")}
      </Button>
    </Form>
  );
}
