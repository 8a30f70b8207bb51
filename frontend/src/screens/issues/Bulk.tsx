/** The same for many: what it will do is said in numbers first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { App, Button, Flex, Input } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMe } from "../../frame/session";
import { useTell } from "../../parts/tell";

type Asked = Shape["Bulk"];

export function Bulk({ ids, kind, done }: { ids: string[]; kind?: string; done: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const tell = useTell();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const [reason, setReason] = useState("");
  const act = useMutation({
    mutationFn: (asked: Asked) => body(api.POST("/api/v1/issue-bulk", { body: asked })),
    onSuccess: async (became) => {
      tell.done(t("issues.bulk.done", { n: became.done, failed: became.failed }));
      done();
      await questions.invalidateQueries({ queryKey: ["issues"] });
    },
    onError: tell.failed,
  });
  const ask = (title: string, asked: Omit<Asked, "ids">) =>
    void modal.confirm({ title, onOk: () => act.mutateAsync({ ids, ...asked }).catch(() => undefined) });
  const n = ids.length;
  return (
    <Flex gap={8} wrap align="center">
      <strong>{t("issues.chosen", { n })}</strong>
      {(!kind || kind === "rejected" || kind === "unknown_outcome") && (
        <Button onClick={() => ask(t("issues.bulk.retry", { n }), { action: "retry", retry: { values: {} } })}>{t("issues.retry")}</Button>
      )}
      <Button onClick={() => ask(t("issues.bulk.mine", { n }), { action: "assign", assign: { assignee: me.name } })}>{t("issues.mine")}</Button>
      <Input
        style={{ width: 220 }}
        value={reason}
        placeholder={t("issues.reason")}
        aria-label={t("issues.reason")}
        onChange={(event) => setReason(event.target.value)}
      />
      <Button disabled={!reason.trim()} onClick={() => ask(t("issues.bulk.ignore", { n }), { action: "ignore", ignore: { reason } })}>
        {t("issues.ignore")}
      </Button>
    </Flex>
  );
}
