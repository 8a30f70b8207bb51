/** An expression of a mapping, judged by the hub's own compiler while it is typed. */
import { CheckCircleOutlined } from "@ant-design/icons";
import { useQuery } from "@tanstack/react-query";
import { Alert, Flex, Spin, Typography } from "antd";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useSettled } from "../../parts/settle";
import { useCatalogue } from "./catalogue";

const Editor = lazy(() => import("./Editor"));

export type Where = Omit<Shape["ExpressionCheck"], "expression">;

export function Expression({ label, value, change, where }: { label: string; value: string; change: (value: string) => void; where: Where }) {
  const { t } = useTranslation();
  const catalogue = useCatalogue();
  const settled = useSettled(value);
  const asked = useQuery({
    queryKey: ["expression", where, settled],
    queryFn: () => body(api.POST("/api/v1/expression-checks", { body: { ...where, expression: settled } })),
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (held) => held,
  });
  const fault = settled.trim() === "" ? undefined : asked.data?.fault;
  const marked = useMemo(() => fault && { line: fault.line, column: fault.column, word: fault.word, said: fault.title }, [fault]);
  return (
    <Flex vertical gap={6}>
      <Suspense fallback={<Spin size="small" />}>
        <Editor label={label} value={value} change={change} names={asked.data?.names ?? {}} functions={catalogue?.functions ?? []} fault={marked ?? undefined} />
      </Suspense>
      <div role="status">
        {fault ? (
          <Alert type="error" showIcon title={fault.title} description={fault.detail} />
        ) : (
          settled.trim() !== "" && asked.data && (
            <Typography.Text type="success">
              <CheckCircleOutlined /> {t("mapper.fits")}
            </Typography.Text>
          )
        )}
      </div>
    </Flex>
  );
}
