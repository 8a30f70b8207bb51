/** What differs, field by field, with the reason; accepted by a person who says why. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Flex, Input, Segmented, Space, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { said } from "../../parts/Moved";
import { Paged } from "../../parts/Paged";
import { useTell } from "../../parts/tell";

type Difference = Shape["Difference"];

export function Differences({ id }: { id: string }) {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const tell = useTell();
  const questions = useQueryClient();
  const [which, setWhich] = useFilter("which");
  const [chosen, setChosen] = useState<number[]>([]);
  const [reason, setReason] = useState("");
  const accept = useMutation({
    mutationFn: () =>
      body(api.POST("/api/v1/reconciliations/{proof_id}/accept", { params: { path: { proof_id: id } }, body: { differences: chosen, reason } })),
    onSuccess: async (became) => {
      tell.done(t("reconciliation.accepted", { n: became.accepted }));
      setChosen([]);
      await questions.invalidateQueries({ queryKey: ["differences"] });
    },
    onError: tell.failed,
  });
  const all = which === "all";
  const side = (one: Difference, value: unknown) =>
    said(value, (part) => names.field(one.entity, one.field ? `${one.field}.${part}` : part));
  return (
    <Card title={t("reconciliation.differences")} size="small">
      <Flex vertical gap={12}>
        <Flex gap={12} wrap align="center">
          <Segmented
            value={all ? "all" : "unexplained"}
            onChange={(value) => setWhich(value === "all" ? "all" : undefined)}
            options={[
              { value: "unexplained", label: t("reconciliation.unexplained") },
              { value: "all", label: t("filter.all") },
            ]}
          />
          {chosen.length > 0 && may("reconciliation.accept") && (
            <Space>
              <Input placeholder={t("issues.reason")} aria-label={t("issues.reason")} value={reason} onChange={(event) => setReason(event.target.value)} />
              <Button disabled={!reason.trim()} loading={accept.isPending} onClick={() => accept.mutate()}>
                {t("reconciliation.accept", { n: chosen.length })}
              </Button>
            </Space>
          )}
        </Flex>
        <Paged<Difference>
          question={["differences", id, all]}
          load={(cursor) =>
            body(
              api.GET("/api/v1/reconciliations/{proof_id}/differences", {
                params: { path: { proof_id: id }, query: { cursor, explained: all ? undefined : false } },
              }),
            )
          }
          rowKey="seq"
          empty={t("reconciliation.none")}
          rowSelection={{ selectedRowKeys: chosen, onChange: (keys) => setChosen(keys.map(Number)) }}
          columns={[
            {
              title: t("plan.record"),
              key: "record",
              render: (_, one) => (one.golden_id ? <Link to={`/trace/${one.golden_id}`}>{one.title || one.golden_id}</Link> : (one.left_id ?? one.right_id)),
            },
            { title: t("issues.field"), key: "field", render: (_, one) => names.field(one.entity, one.field) || t("reconciliation.whole") },
            { title: t("reconciliation.left"), key: "left", render: (_, one) => side(one, one.left) },
            { title: t("reconciliation.right"), key: "right", render: (_, one) => side(one, one.right) },
            {
              title: t("reconciliation.why"),
              key: "why",
              render: (_, one) => (
                <Space orientation="vertical" size={0}>
                  <Tag color={one.explained ? "default" : "warning"}>{one.kind_title}</Tag>
                  <Typography.Text type="secondary">{one.why_title}</Typography.Text>
                  {one.accepted_by && <Typography.Text type="secondary">{t("reconciliation.by", { who: one.accepted_by, why: one.reason ?? "" })}</Typography.Text>}
                </Space>
              ),
            },
          ]}
        />
      </Flex>
    </Card>
  );
}
