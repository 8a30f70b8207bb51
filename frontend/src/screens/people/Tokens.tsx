/** Which programs act in whose name, with which rights, and are they still used? */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Popconfirm, Table, Tag } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Row = Shape["Token"] & { login?: string };

export function Tokens() {
  const may = useMay();
  const tell = useTell();
  const questions = useQueryClient();
  const asked = useQuery({ queryKey: ["tokens"], queryFn: () => body(api.GET("/api/v1/tokens")) });
  const revoke = useMutation({
    mutationFn: (token_id: string) => api.DELETE("/api/v1/tokens/{token_id}", { params: { path: { token_id } } }),
    onSuccess: () => questions.invalidateQueries({ queryKey: ["tokens"] }),
    onError: tell.failed,
  });
  if (asked.error) return <ProblemNote error={asked.error} />;
  return <TokenTable rows={asked.data?.items ?? []} revoke={may("token.revoke") ? revoke.mutate : undefined} everybody />;
}

/** Also one's own. */
export function TokenTable({ rows, revoke, everybody = false }: { rows: Row[]; revoke?: (id: string) => void; everybody?: boolean }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={12}>
      <Table<Row>
        size="middle"
        rowKey="id"
        pagination={{ pageSize: 50, hideOnSinglePage: true }}
        dataSource={rows}
        locale={{ emptyText: t("tokens.empty") }}
        scroll={{ x: "max-content" }}
        columns={[
          ...(everybody ? [{ title: t("accounts.login"), dataIndex: "login" }] : []),
          { title: t("tokens.name"), dataIndex: "name" },
          { title: t("tokens.scopes"), dataIndex: "scopes", render: (scopes: string[]) => <Scopes all={scopes} /> },
          { title: t("tokens.state"), dataIndex: "live", render: (live: boolean) => <State of={live ? "ok" : "off"} word={t(live ? "tokens.live" : "tokens.over")} /> },
          { title: t("grant.until"), dataIndex: "until_at", render: (at: string | null) => (at ? <Moment at={at} exact /> : t("grant.no_end")) },
          { title: t("sessions.used"), dataIndex: "used_at", render: (at: string | null) => <Moment at={at} /> },
          {
            key: "end",
            render: (_, row) => row.live && revoke && (
              <Popconfirm title={t("tokens.revoke.effect")} onConfirm={() => revoke(row.id)}>
                <Button size="small" danger>{t("tokens.revoke")}</Button>
              </Popconfirm>
            ),
          },
        ]}
      />
    </Flex>
  );
}

function Scopes({ all }: { all: string[] }) {
  const { t } = useTranslation();
  return (
    <span title={all.join("\n")}>
      {all.slice(0, 4).map((one) => <Tag key={one}>{one}</Tag>)}
      {all.length > 4 && t("tokens.more", { n: all.length - 4 })}
    </span>
  );
}
