/** Thirty days of work: what was written, and how many rounds failed. */
import { useQuery } from "@tanstack/react-query";
import { Empty, Spin, theme } from "antd";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, body } from "../../api/client";
import { INK } from "../../frame/theme";
import { Chart } from "../../parts/Chart";

const WRITTEN = ["created", "updated", "deleted", "steps"] as const;
const COLOURS: Record<string, string> = { created: INK.jade, updated: "#5eead4", deleted: INK.grey, steps: "#93c5fd" };

export default function Days() {
  const { t } = useTranslation();
  const { token } = theme.useToken();
  const asked = useQuery({
    queryKey: ["cockpit", "days"],
    queryFn: () => body(api.GET("/api/v1/cockpit/days", { params: { query: { days: 30 } } })),
    staleTime: 60_000,
  });
  const days = asked.data?.items;
  const option = useMemo(() => {
    const ink = { color: token.colorTextSecondary };
    const line = { lineStyle: { color: token.colorBorderSecondary } };
    return {
      animation: false,
      tooltip: { trigger: "axis" },
      legend: { bottom: 0, textStyle: ink },
      grid: { left: 44, right: 16, top: 12, bottom: 48 },
      xAxis: { type: "category", data: days?.map((one) => one.day.slice(5)) ?? [], axisLabel: ink, axisLine: line },
      yAxis: { type: "value", minInterval: 1, axisLabel: ink, splitLine: line },
      series: [
        ...WRITTEN.map((what) => ({
          name: t(`count.delivered.${what}`),
          type: "bar",
          stack: "written",
          barMaxWidth: 28,
          itemStyle: { color: COLOURS[what] },
          data: days?.map((one) => one.written[what] ?? 0),
        })),
        { name: t("cockpit.failed"), type: "line", symbol: "diamond", itemStyle: { color: INK.red }, data: days?.map((one) => one.failed) },
      ],
    };
  }, [days, t, token]);
  if (!days) return <Spin />;
  if (!days.length) return <Empty description={t("cockpit.days.empty")} />;
  return <Chart option={option} label={t("cockpit.days")} />;
}
