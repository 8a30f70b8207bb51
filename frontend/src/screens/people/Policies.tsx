/** What is asked of everybody: duties apart, a second person for roles, a second factor. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Card, Flex, Select, Spin, Switch, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { ProblemNote } from "../../parts/ProblemPage";
import { useTell } from "../../parts/tell";

const EVERYBODY = "*";

export function Policies() {
  const { t, i18n } = useTranslation();
  const tell = useTell();
  const may = useMay();
  const questions = useQueryClient();
  const asked = useQuery({ queryKey: ["policies"], queryFn: () => body(api.GET("/api/v1/policies")) });
  const roles = useQuery({ queryKey: ["roles"], queryFn: () => body(api.GET("/api/v1/roles")) });
  const change = useMutation({
    mutationFn: (given: Shape["PolicyChange"]) => body(api.PATCH("/api/v1/policies", { body: given })),
    onSuccess: () => {
      tell.done(t("policies.changed"));
      return questions.invalidateQueries();
    },
    onError: tell.failed,
  });
  if (asked.error) return <ProblemNote error={asked.error} />;
  if (!asked.data) return <Spin />;
  const now = asked.data;
  const fixed = !may("role.edit") || change.isPending;
  return (
    <Flex vertical gap={16} style={{ maxWidth: 760 }}>
      {(["separated", "approved"] as const).map((name) => (
        <Card key={name} size="small">
          <Flex justify="space-between" align="center" gap={24}>
            <div>
              <Typography.Text strong>{t(`policies.${name}`)}</Typography.Text>
              <Typography.Paragraph type="secondary" style={{ margin: 0 }}>{t(`policies.${name}.effect`)}</Typography.Paragraph>
            </div>
            <Switch aria-label={t(`policies.${name}`)} checked={now[name]} disabled={fixed} onChange={(to) => change.mutate({ [name]: to })} />
          </Flex>
        </Card>
      ))}
      <Card size="small">
        <Typography.Text strong>{t("policies.second_factor")}</Typography.Text>
        <Typography.Paragraph type="secondary">{t("policies.second_factor.effect")}</Typography.Paragraph>
        <Select
          mode="multiple"
          aria-label={t("policies.second_factor")}
          style={{ width: "100%" }}
          disabled={fixed}
          placeholder={t("policies.nobody")}
          value={now.second_factor}
          onChange={(chosen: string[]) => change.mutate({ second_factor: chosen })}
          options={[
            { value: EVERYBODY, label: t("policies.everybody") },
            ...(roles.data?.items ?? []).map((one) => ({ value: one.role, label: one.title[i18n.language] ?? one.role })),
          ]}
        />
      </Card>
    </Flex>
  );
}
