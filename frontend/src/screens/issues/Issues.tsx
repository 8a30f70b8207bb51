/** What needs a person, in which order? */
import { useQuery } from "@tanstack/react-query";
import { Button, Drawer, Empty, Flex, Segmented, Space, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { Bulk } from "./Bulk";
import { OneIssue } from "./OneIssue";

type Issue = Shape["Issue"];
type Group = Shape["Group"];
type Kind = Issue["kind"];

const STATES = ["open", "skipped", "closed"] as const;

export default function Issues() {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const [state, setState] = useFilter("state");
  const [kind, setKind] = useFilter("kind");
  const [cause, setCause] = useFilter("cause");
  const [record] = useFilter("record");
  const [shown, setShown] = useFilter("issue");
  const [chosen, setChosen] = useState<string[]>([]);
  const at = STATES.find((one) => one === state) ?? "open";
  const groups = useQuery({
    queryKey: ["issues", "groups", at],
    queryFn: () => body(api.GET("/api/v1/issue-groups", { params: { query: { state: [at] } } })),
  });
  const pick = (group: Group | undefined) => {
    setKind(group?.kind);
    setCause(group?.cause);
    setChosen([]);
  };
  const total = groups.data?.total ?? 0;
  return (
    <Screen title={t("issues.title")} answer={groups.data && (total ? t(`issues.answer.${at}`, { n: total }) : t("issues.answer.none"))}>
      <Segmented
        style={{ alignSelf: "flex-start" }}
        value={at}
        onChange={(value) => {
          setState(value === "open" ? undefined : value);
          setChosen([]);
        }}
        options={STATES.map((one) => ({ value: one, label: t(`issue.state.${one}`) }))}
      />
      {groups.error && <ProblemNote error={groups.error} />}
      {(groups.data?.items.length ?? 0) > 0 && (
        <Flex gap={8} wrap aria-label={t("issues.causes")}>
          <Button type={cause ? "default" : "primary"} ghost={!cause} onClick={() => pick(undefined)}>
            {t("filter.all")} {total.toLocaleString()}
          </Button>
          {groups.data?.items.map((one) => {
            const here = one.cause === cause && one.kind === kind;
            return (
              <Button key={`${one.kind} ${one.cause} ${one.connection}`} type={here ? "primary" : "default"} ghost={here} onClick={() => pick(one)}>
                {one.title === one.cause || one.title.includes("?") ? t(`issue.kind.${one.kind}`) : clipped(one.title)}
                {one.connection && <Tag>{names.connection(one.connection)}</Tag>}
                <strong>{one.count.toLocaleString()}</strong>
              </Button>
            );
          })}
        </Flex>
      )}
      {chosen.length > 0 && may("issue.decide") && <Bulk ids={chosen} kind={kind as Kind | undefined} done={() => setChosen([])} />}
      <Paged<Issue>
        question={["issues", at, kind, cause, record]}
        load={(cursor) =>
          body(
            api.GET("/api/v1/issues", {
              params: { query: { cursor, state: [at], kind: kind ? [kind as Kind] : undefined, cause, record } },
            }),
          )
        }
        rowKey="id"
        empty={<Empty description={t("issues.empty")} />}
        rowSelection={at === "open" ? { selectedRowKeys: chosen, onChange: (keys) => setChosen(keys.map(String)) } : undefined}
        onRow={(one) => ({ onClick: () => setShown(one.id), style: { cursor: "pointer" } })}
        columns={[
          {
            title: t("issues.what"),
            key: "what",
            render: (_, one) => (
              <Space orientation="vertical" size={0} style={{ maxWidth: 520 }}>
                <Space size={4}>
                  <Tag>{t(`issue.kind.${one.kind}`)}</Tag>
                  <a onClick={() => setShown(one.id)}>{one.record || names.connection(one.connection) || one.golden_id}</a>
                </Space>
                <Typography.Text type="secondary" ellipsis={{ tooltip: one.title }} style={{ maxWidth: 520 }}>
                  {one.title === one.cause ? t(`issue.kind.${one.kind}.said`, "") : one.title}
                </Typography.Text>
              </Space>
            ),
          },
          { title: t("issues.field"), key: "field", render: (_, one) => (one.kind === "duplicate" ? "—" : names.field(one.entity, one.field) || "—") },
          { title: t("issues.system"), key: "system", render: (_, one) => names.connection(one.connection) },
          { title: t("issues.age"), dataIndex: "opened_at", render: (when: string) => <Moment at={when} /> },
          { title: t("issues.who"), dataIndex: "assignee", render: (who: string | null) => who ?? <Typography.Text type="secondary">—</Typography.Text> },
          { title: t("issues.state"), dataIndex: "state", render: (s: string) => <State of={s} word={t(`issue.state.${s}`)} /> },
        ]}
      />
      <Drawer size="large" open={shown !== undefined} onClose={() => setShown(undefined)} title={t("issues.one")} destroyOnHidden>
        {shown && <OneIssue id={shown} />}
      </Drawer>
    </Screen>
  );
}

function clipped(words: string): string {
  return words.length > 40 ? `${words.slice(0, 40)}…` : words;
}
