/** When and how do we move to the new system, are we ready, and how do we get back? */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { App, Button, Card, Empty, Flex, Segmented, Spin, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment, Span } from "../../parts/Moment";
import { ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useTell } from "../../parts/tell";
import { Standing } from "./Standing";

type Runbook = Shape["Runbook"];
type Mode = Shape["Begin"]["mode"];

export default function Cutovers() {
  const { t } = useTranslation();
  const [mode, setMode] = useFilter("mode");
  const asked = useQuery({ queryKey: ["cutovers"], queryFn: () => body(api.GET("/api/v1/cutovers")) });
  if (asked.error) return <ProblemPage error={asked.error} again={() => void asked.refetch()} />;
  if (!asked.data) return <Spin style={{ display: "block", marginTop: 120 }} />;
  const at: Mode = mode === "real" || (!mode && asked.data.real && !asked.data.real.ended_at) ? "real" : "rehearsal";
  const now = asked.data[at];
  const open = now !== null && !now.ended_at;
  const answer = !asked.data.items.length ? t("cutovers.answer.none") : now ? t(`cutovers.answer.${at}`, { state: t(`cutover.state.${now.state}`), points: now.score.points }) : t("cutovers.answer.ready");
  return (
    <Screen title={t("cutovers.title")} answer={answer}>
      <Segmented
        style={{ alignSelf: "flex-start" }}
        value={at}
        onChange={(value) => setMode(value)}
        options={[{ value: "rehearsal", label: t("cutover.mode.rehearsal") }, { value: "real", label: t("cutover.mode.real") }]}
      />
      {!asked.data.items.length && <Empty description={t("cutovers.empty")} />}
      {!open && asked.data.items.map((one) => <OneRunbook key={one.cutover} book={one} mode={at} />)}
      {now && <Standing now={now} />}
    </Screen>
  );
}

function OneRunbook({ book, mode }: { book: Runbook; mode: Mode }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const start = useMutation({
    mutationFn: () => body(api.POST("/api/v1/cutovers/{cutover}/start", { params: { path: { cutover: book.cutover } }, body: { mode } })),
    onSuccess: () => questions.invalidateQueries({ queryKey: ["cutovers"] }),
    onError: tell.failed,
  });
  const name = book.title[i18n.language] ?? book.cutover;
  const real = mode === "real";
  return (
    <Card>
      <Flex justify="space-between" align="center" gap={16} wrap>
        <Flex vertical gap={4}>
          <Typography.Text strong style={{ fontSize: 16 }}>{name}</Typography.Text>
          <Typography.Text type="secondary">
            {t("cutover.steps", { n: book.steps })} · <Span seconds={book.lasts_seconds} /> · {t("cutover.threshold", { n: book.threshold })}
            {book.start && <> · {t("cutover.planned")} <Moment at={book.start} exact /></>}
          </Typography.Text>
          {!real && !book.rehearsable && <Tag color="warning">{t("cutover.no_sandbox")}</Tag>}
        </Flex>
        {may("cutover.run") && (
          <Button
            type="primary"
            danger={real}
            disabled={!real && !book.rehearsable}
            loading={start.isPending}
            onClick={() => (real ? void modal.confirm({ title: t("cutover.start.title", { name }), content: t("cutover.start.effect"), onOk: () => start.mutateAsync().catch(() => undefined) }) : start.mutate())}
          >
            {t(real ? "cutover.start.real" : "cutover.start.rehearsal")}
          </Button>
        )}
      </Flex>
    </Card>
  );
}
