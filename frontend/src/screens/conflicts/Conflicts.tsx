/** Both sides changed it: which is right? One at a time, three columns, keys 1, 2 and 3. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Col, Empty, Flex, Input, Row, Spin, Tag, Typography } from "antd";
import { useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { said } from "../../parts/Moved";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useTell } from "../../parts/tell";

type Issue = Shape["Issue"];
type Settle = Shape["Settle"];

interface By {
  connection: string | null;
  author: string | null;
  at: string | null;
}

export default function Conflicts() {
  const { t } = useTranslation();
  const [first] = useFilter("issue");
  const [skipped, setSkipped] = useState<string[]>([]);
  const asked = useInfiniteQuery({
    queryKey: ["issues", "conflicts"],
    queryFn: ({ pageParam }) =>
      body(api.GET("/api/v1/issues", { params: { query: { kind: ["conflict"], limit: 50, cursor: pageParam } } })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const all = asked.data.pages.flatMap((page) => page.items);
  const order = [...all].sort((a, b) => rank(a, first, skipped) - rank(b, first, skipped));
  const now = order[0];
  return (
    <Screen title={t("conflicts.title")} answer={all.length ? t("conflicts.answer", { n: all.length, more: asked.hasNextPage ? "+" : "" }) : t("conflicts.answer.none")}>
      {now ? (
        <Desk key={now.id} issue={now} later={() => setSkipped([...skipped, now.id])} />
      ) : (
        <Empty description={t("conflicts.empty")} />
      )}
    </Screen>
  );
}

/** The one that was asked for first, those put off last, the oldest between. */
function rank(one: Issue, first: string | undefined, skipped: string[]): number {
  return one.id === first && !skipped.includes(one.id) ? -1 : skipped.indexOf(one.id) + 1;
}

function Desk({ issue, later }: { issue: Issue; later: () => void }) {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const tell = useTell();
  const questions = useQueryClient();
  const [typed, setTyped] = useState("");
  const facts = issue.facts as { base?: unknown; ours?: unknown; theirs?: unknown; ours_by?: By; theirs_by?: By };
  const settle = useMutation({
    mutationFn: (asked: Settle) => body(api.POST("/api/v1/issues/{issue_id}/settle", { params: { path: { issue_id: issue.id } }, body: asked })),
    onSuccess: async () => {
      tell.done(t("conflicts.settled"));
      await questions.invalidateQueries({ queryKey: ["issues"] });
    },
    onError: tell.failed,
  });
  const able = may("issue.decide") && !settle.isPending;
  const { mutate } = settle;
  const take = useCallback(
    (n: string) => {
      if (!able) return;
      if (n === "1") mutate({ take: "ours" });
      if (n === "2") mutate({ take: "value", value: (facts.base ?? null) as Settle["value"] });
      if (n === "3") mutate({ take: "theirs" });
    },
    [able, mutate, facts.base],
  );
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement;
      if (!typing && !event.ctrlKey && !event.metaKey && !event.altKey) take(event.key);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [take]);
  return (
    <Card
      title={
        <Flex gap={8} align="center" wrap>
          {issue.golden_id ? <Link to={`/trace/${issue.golden_id}`}>{issue.record || issue.golden_id}</Link> : issue.record}
          <Tag>{names.entity(issue.entity)}</Tag>
          <strong>{names.field(issue.entity, issue.field)}</strong>
        </Flex>
      }
      extra={<Button onClick={later}>{t("conflicts.later")}</Button>}
    >
      <Row gutter={[16, 16]}>
        <Side n="1" name={t("conflicts.ours")} value={facts.ours} by={facts.ours_by} able={able} take={take} />
        <Side n="2" name={t("conflicts.base")} value={facts.base} able={able} take={take} />
        <Side n="3" name={t("conflicts.theirs")} value={facts.theirs} by={facts.theirs_by} able={able} take={take} />
      </Row>
      {may("issue.decide") && (
        <Flex gap={8} style={{ marginTop: 16 }}>
          <Input
            value={typed}
            placeholder={t("conflicts.typed")}
            aria-label={t("conflicts.typed")}
            onChange={(event) => setTyped(event.target.value)}
            onPressEnter={() => typed && settle.mutate({ take: "value", value: typed })}
          />
          <Button disabled={!typed || !able} onClick={() => settle.mutate({ take: "value", value: typed })}>
            {t("conflicts.take_typed")}
          </Button>
        </Flex>
      )}
      <Typography.Paragraph type="secondary" style={{ margin: "16px 0 0" }}>
        {t("conflicts.effect")}
      </Typography.Paragraph>
    </Card>
  );
}

function Side({ n, name, value, by, able, take }: { n: string; name: string; value: unknown; by?: By; able: boolean; take: (n: string) => void }) {
  const { t } = useTranslation();
  const names = useNames();
  const who = [names.connection(by?.connection), by?.author].filter(Boolean).join(" · ");
  return (
    <Col xs={24} md={8}>
      <Card size="small" type="inner" title={who ? `${name} · ${who}` : name} extra={by?.at && <Moment at={by.at} />} style={{ height: "100%" }}>
        <Typography.Paragraph style={{ fontSize: 20, minHeight: 60, wordBreak: "break-word" }}>{said(value)}</Typography.Paragraph>
        <Button block disabled={!able} onClick={() => take(n)}>
          {t("conflicts.take")} <Typography.Text keyboard>{n}</Typography.Text>
        </Button>
      </Card>
    </Col>
  );
}
