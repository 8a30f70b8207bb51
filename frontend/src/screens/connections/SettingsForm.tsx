/** The settings of a connection: tested as they stand here, saved as a new version of the project; secrets are sealed. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Input, InputNumber, Spin } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { api, body, Problem, type Shape } from "../../api/client";
import { at, JsonForm, replaced, type Schema, type Settings, typedSecrets } from "../../parts/JsonForm";
import { ProblemNote } from "../../parts/ProblemPage";
import { useTell } from "../../parts/tell";

interface Draft {
  connection: string;
  title: Record<string, string>;
  zone: string;
  organisation: string;
  limits: Record<string, unknown>;
  settings: Settings;
}

export function SettingsForm({ connector: chosen, saved, readonly = false }: { connector?: string; saved?: Shape["Document"]; readonly?: boolean }) {
  const { t } = useTranslation();
  const tell = useTell();
  const go = useNavigate();
  const questions = useQueryClient();
  const before = (saved?.document ?? {}) as Partial<Draft> & { connector?: string };
  const connector = chosen ?? before.connector ?? "";
  const kept = before.settings ?? {};
  const [draft, setDraft] = useState<Draft>({
    connection: before.connection ?? saved?.name ?? "",
    title: before.title ?? {},
    zone: before.zone ?? "Asia/Shanghai",
    organisation: before.organisation ?? "",
    limits: before.limits ?? {},
    settings: kept,
  });
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const form = useQuery({
    queryKey: ["connector-form", connector],
    queryFn: () => body(api.GET("/api/v1/connectors/{connector}/form", { params: { path: { connector } } })) as Promise<Schema>,
    refetchInterval: false,
  });
  const document = (settings: Settings) => ({ ...before, ...draft, connection: draft.connection, connector, settings, title: filled(draft.title), limits: filled(draft.limits) });
  const test = useMutation({
    mutationFn: () => body(api.POST("/api/v1/connection-tests", { body: { document: document(draft.settings) } })),
  });
  const save = useMutation({
    mutationFn: async () => {
      let settings = draft.settings;
      for (const path of typedSecrets(form.data ?? {}, settings)) {
        const name = [draft.connection, ...path].join(".");
        await api.PUT("/api/v1/secrets/{name}", { params: { path: { name } }, body: { value: String(at(settings, path)) } });
        settings = replaced(settings, path, `\${sealed:${name}}`);
      }
      return body(
        api.PUT("/api/v1/documents/{kind}/{name}", {
          params: { path: { kind: "connection", name: draft.connection }, header: saved ? { "if-match": saved.etag } : { "if-none-match": "*" } },
          body: { document: document(settings), note: "" },
        }),
      );
    },
    onSuccess: async () => {
      tell.done(t("connections.saved"));
      await questions.invalidateQueries({ queryKey: ["connections"] });
      await questions.invalidateQueries({ queryKey: ["names"] });
      if (!saved) void go(`/connections/${draft.connection}`);
    },
  });
  if (form.error) return <ProblemNote error={form.error} />;
  if (!form.data) return <Spin />;
  const named = /^[A-Za-z0-9_-]{1,64}$/.test(draft.connection);
  return (
    <Form layout="vertical" disabled={readonly} style={{ maxWidth: 760 }} onFinish={() => save.mutate()}>
      {!saved && (
        <Form.Item label={t("connections.name")} required htmlFor="connection-name" extra={t("connections.name.hint")} validateStatus={draft.connection && !named ? "error" : undefined}>
          <Input id="connection-name" value={draft.connection} onChange={(event) => set({ connection: event.target.value.trim() })} />
        </Form.Item>
      )}
      <Flex gap={16}>
        {(["zh", "en"] as const).map((language) => (
          <Form.Item key={language} label={t(`connections.title.${language}`)} htmlFor={`title-${language}`} style={{ flex: 1 }}>
            <Input id={`title-${language}`} value={draft.title[language] ?? ""} onChange={(event) => set({ title: { ...draft.title, [language]: event.target.value } })} />
          </Form.Item>
        ))}
      </Flex>
      <Flex gap={16}>
        <Form.Item label={t("connections.zone")} htmlFor="zone" style={{ flex: 1 }}>
          <Input id="zone" value={draft.zone} onChange={(event) => set({ zone: event.target.value })} />
        </Form.Item>
        <Form.Item label={t("connections.organisation")} htmlFor="organisation" style={{ flex: 1 }}>
          <Input id="organisation" value={draft.organisation} onChange={(event) => set({ organisation: event.target.value })} />
        </Form.Item>
        <Form.Item label={t("connections.daily")} htmlFor="daily" style={{ flex: 1 }}>
          <InputNumber id="daily" min={1} style={{ width: "100%" }} value={draft.limits.daily_calls as number | undefined} onChange={(n) => set({ limits: { ...draft.limits, daily_calls: n } })} />
        </Form.Item>
      </Flex>
      <JsonForm schema={form.data} value={draft.settings} kept={kept} change={(settings) => set({ settings })} />
      {test.error && <ProblemNote error={test.error} />}
      {test.data?.error && <Alert type="error" showIcon title={test.data.error.title} description={test.data.error.detail} />}
      {test.data?.ok && <Alert type="success" showIcon title={t("connections.reached", { n: test.data.objects.length })} />}
      {save.error && <Findings error={save.error} />}
      {!readonly && (
        <Flex gap={8} style={{ marginTop: 16 }}>
          <Button loading={test.isPending} disabled={!named} onClick={() => test.mutate()}>
            {t("connections.test_first")}
          </Button>
          <Button type="primary" htmlType="submit" loading={save.isPending} disabled={!named}>
            {t("connections.save")}
          </Button>
        </Flex>
      )}
    </Form>
  );
}

function filled(given: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(given).filter(([, one]) => one !== "" && one !== null && one !== undefined));
}

/** What is wrong with the project if this were saved: nothing was changed. */
function Findings({ error }: { error: Error }) {
  const { t } = useTranslation();
  const found = error instanceof Problem ? (error.said as { findings?: Shape["Finding"][] } | null)?.findings : undefined;
  if (!found?.length) return <ProblemNote error={error} />;
  return (
    <Alert
      type="error"
      showIcon
      title={t("connections.not_saved")}
      description={<ul style={{ margin: 0, paddingInlineStart: 18 }}>{found.filter((one) => one.severity === "error").map((one) => <li key={`${one.file} ${one.line} ${one.code}`}>{one.message} {one.next}</li>)}</ul>}
    />
  );
}
