/** Takes the last change of a record back, after saying what that does. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button } from "antd";
import { useTranslation } from "react-i18next";
import { api, body } from "../../api/client";
import { useMay } from "../../frame/session";
import { useTell } from "../../parts/tell";

export function Undo({ id }: { id: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const back = useMutation({
    mutationFn: () => body(api.POST("/api/v1/records/{record_id}/undo", { params: { path: { record_id: id } } })),
    onSuccess: async (done) => {
      const n = Object.keys(done.restored).length;
      const left = Object.keys(done.left).length;
      tell.done(left ? t("trace.undone.some", { n, left }) : t("trace.undone.all", { n }));
      await questions.invalidateQueries({ queryKey: ["trace", id] });
    },
    onError: tell.failed,
  });
  if (!may("record.undo")) return null;
  const ask = () =>
    void modal.confirm({
      title: t("trace.undo.title"),
      content: t("trace.undo.effect"),
      onOk: () => back.mutateAsync().catch(() => undefined),
    });
  return (
    <Button loading={back.isPending} onClick={ask}>
      {t("trace.undo")}
    </Button>
  );
}
