/** An authenticator, and codes for when it is lost: set up by its owner, told once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Alert, Button, Flex, Form, Input, QRCode, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { ProblemNote } from "../../parts/ProblemPage";
import { State } from "../../parts/State";

interface Given {
  code: string;
}

/** `kept`: told when the owner says that the recovery codes are written down. */
export function SecondFactor({ me, kept }: { me: Shape["Me"]; kept?: () => void }) {
  const [codes, setCodes] = useState<string[]>();
  const questions = useQueryClient();
  const done = async () => {
    await questions.invalidateQueries({ queryKey: ["me"] }); // first the hub says that it is set up
    setCodes(undefined);
    kept?.();
  };
  if (codes) return <Codes codes={codes} done={() => void done()} />;
  return me.second_factor ? <Renew left={me.recovery_codes} told={setCodes} /> : <SetUp told={setCodes} />;
}

function SetUp({ told }: { told: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const begin = useMutation({ mutationFn: () => body(api.POST("/api/v1/me/second-factor")) });
  const confirm = useMutation({
    mutationFn: (given: Given) => body(api.POST("/api/v1/me/second-factor/confirm", { body: given })),
    onSuccess: (said) => told(said.codes),
  });
  if (!begin.data) {
    return (
      <Flex vertical gap={12} align="flex-start">
        <Typography.Text>{t("factor.none")}</Typography.Text>
        {begin.error && <ProblemNote error={begin.error} />}
        <Button type="primary" loading={begin.isPending} onClick={() => begin.mutate()}>{t("factor.begin")}</Button>
      </Flex>
    );
  }
  return (
    <Flex vertical gap={12} align="flex-start">
      <Typography.Text>{t("factor.scan")}</Typography.Text>
      <QRCode type="svg" value={begin.data.address} size={176} color="#000000" bgColor="#ffffff" />
      <Typography.Text type="secondary">
        {t("factor.type")} <Typography.Text code copyable style={{ wordBreak: "break-all" }}>{begin.data.secret}</Typography.Text>
      </Typography.Text>
      {confirm.error && <ProblemNote error={confirm.error} />}
      <CodeForm label={t("factor.shown")} act={t("factor.confirm")} busy={confirm.isPending} send={confirm.mutate} />
    </Flex>
  );
}

function Renew({ left, told }: { left: number; told: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const renew = useMutation({
    mutationFn: (given: Given) => body(api.POST("/api/v1/me/recovery-codes", { body: given })),
    onSuccess: (said) => told(said.codes),
  });
  return (
    <Flex vertical gap={12} align="flex-start">
      <State of="ok" word={t("accounts.factor.set")} />
      <Typography.Text>{t("factor.left", { n: left })}</Typography.Text>
      {renew.error && <ProblemNote error={renew.error} />}
      <CodeForm label={t("factor.shown")} act={t("factor.renew")} busy={renew.isPending} send={renew.mutate} />
    </Flex>
  );
}

function CodeForm({ label, act, busy, send }: { label: string; act: string; busy: boolean; send: (given: Given) => void }) {
  const { t } = useTranslation();
  return (
    <Form<Given> layout="vertical" onFinish={send} style={{ minWidth: 260 }}>
      <Form.Item name="code" label={label} rules={[{ required: true, message: t("factor.code.needed") }]}>
        <Input autoComplete="one-time-code" inputMode="numeric" maxLength={20} />
      </Form.Item>
      <Button htmlType="submit" loading={busy}>{act}</Button>
    </Form>
  );
}

function Codes({ codes, done }: { codes: string[]; done: () => void }) {
  const { t } = useTranslation();
  return (
    <Flex vertical gap={12} align="flex-start">
      <Alert type="warning" showIcon title={t("factor.codes")} description={t("factor.codes.hint")} />
      <Typography.Paragraph code copyable={{ text: codes.join("\n") }} style={{ whiteSpace: "pre", margin: 0 }}>{codes.join("\n")}</Typography.Paragraph>
      <Button type="primary" onClick={done}>{t("factor.kept")}</Button>
    </Flex>
  );
}
