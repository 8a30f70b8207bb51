/** Which roles in hands should somebody look at: waiting for agreement, unused, of people who are gone? */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, InputNumber, Popconfirm, Space, Table, Tag } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay, useMe } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { useTell } from "../../parts/tell";
import { Where } from "./Account";

type Row = Shape["Reviewed"];

export function Review() {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const tell = useTell();
  const questions = useQueryClient();
  const [days, setDays] = useState(90);
  const asked = useQuery({ queryKey: ["grant-review", days], queryFn: () => body(api.GET("/api/v1/grant-review", { params: { query: { days } } })) });
  const decide = useMutation({
    mutationFn: ({ id, how }: { id: string; how: "approve" | "reject" | "end" }) => {
      const params = { path: { grant_id: id } };
      if (how === "approve") return body(api.POST("/api/v1/grants/{grant_id}/approve", { params }));
      if (how === "reject") return body(api.POST("/api/v1/grants/{grant_id}/reject", { params }));
      return body(api.DELETE("/api/v1/grants/{grant_id}", { params }));
    },
    onSuccess: () => questions.invalidateQueries(),
    onError: tell.failed,
  });
  return (
    <Flex vertical gap={12}>
      <Space>
        {t("review.days")}
        <InputNumber aria-label={t("review.days")} min={1} max={3660} value={days} onChange={(value) => setDays(value ?? 90)} />
      </Space>
      {asked.error && <ProblemNote error={asked.error} />}
      <Table<Row>
        size="middle"
        rowKey="id"
        loading={asked.isLoading}
        pagination={false}
        dataSource={asked.data?.items}
        locale={{ emptyText: t("review.empty") }}
        scroll={{ x: "max-content" }}
        columns={[
          { title: t("accounts.login"), dataIndex: "login" },
          { title: t("grant.role"), key: "role", render: (_, row) => <>{row.role} <Where of={row} /></> },
          { title: t("review.why"), dataIndex: "why", render: (why: Row["why"]) => why.map((one) => <Tag key={one} color="warning">{t(`review.why.${one}`)}</Tag>) },
          { title: t("accounts.last"), dataIndex: "last_at", render: (at: string | null) => <Moment at={at} /> },
          { title: t("grant.by"), key: "by", render: (_, row) => <>{[row.granted_by, row.reason].filter(Boolean).join(" · ")} · <Moment at={row.granted_at} /></> },
          {
            key: "do",
            render: (_, row) => (
              <Space>
                {row.state === "asked" && may("role.approve") && row.granted_by !== me.login && row.login !== me.login && (
                  <>
                    <Button size="small" type="primary" onClick={() => decide.mutate({ id: row.id, how: "approve" })}>{t("grant.approve")}</Button>
                    <Button size="small" onClick={() => decide.mutate({ id: row.id, how: "reject" })}>{t("grant.reject")}</Button>
                  </>
                )}
                {row.state === "held" && may("role.grant") && (
                  <Popconfirm title={t("grant.end.effect")} onConfirm={() => decide.mutate({ id: row.id, how: "end" })}>
                    <Button size="small" danger>{t("grant.end")}</Button>
                  </Popconfirm>
                )}
              </Space>
            ),
          },
        ]}
      />
    </Flex>
  );
}
