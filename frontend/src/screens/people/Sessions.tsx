/** Who is signed in now, from where, and by what? */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Flex, Popconfirm, Table, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { useTell } from "../../parts/tell";

type Row = Shape["PersonSession"];

export function Sessions() {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const questions = useQueryClient();
  const asked = useQuery({ queryKey: ["sessions"], queryFn: () => body(api.GET("/api/v1/sessions")) });
  const end = useMutation({
    mutationFn: (session_id: string) => api.DELETE("/api/v1/sessions/{session_id}", { params: { path: { session_id } } }),
    onSuccess: () => questions.invalidateQueries({ queryKey: ["sessions"] }),
    onError: tell.failed,
  });
  return (
    <Flex vertical gap={12}>
      {asked.error && <ProblemNote error={asked.error} />}
      <Table<Row>
        size="middle"
        rowKey="id"
        loading={asked.isLoading}
        pagination={{ pageSize: 50, hideOnSinglePage: true }}
        dataSource={asked.data?.items}
        locale={{ emptyText: t("sessions.empty") }}
        columns={[
          { title: t("accounts.login"), dataIndex: "login" },
          { title: t("sessions.how"), dataIndex: "how", render: (how: string) => t(`sessions.how.${how}`, how) },
          { title: t("sessions.since"), dataIndex: "made_at", render: (at: string) => <Moment at={at} exact /> },
          { title: t("sessions.used"), dataIndex: "seen_at", render: (at: string) => <Moment at={at} /> },
          { title: t("sessions.address"), dataIndex: "address", render: (address: string) => <Typography.Text code>{address}</Typography.Text> },
          { title: t("sessions.agent"), dataIndex: "agent", ellipsis: true, width: 280 },
          {
            key: "end",
            render: (_, row) => may("session.revoke") && (
              <Popconfirm title={t("sessions.end.effect", { who: row.login })} onConfirm={() => end.mutate(row.id)}>
                <Button size="small" danger>{t("sessions.end")}</Button>
              </Popconfirm>
            ),
          },
        ]}
      />
    </Flex>
  );
}
