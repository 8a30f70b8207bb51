/** One person: what they hold, and what whoever administers them may do about it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Alert, App, Button, Card, Descriptions, Flex, Form, Input, InputNumber, Popconfirm, Select, Spin, Table, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay, useMe } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";

type Held = Shape["Grant"];

/** Where a role holds; nothing for everywhere. */
export function Where({ of: one }: { of: Pick<Held, "organisations" | "departments"> }) {
  const places = [...(one.organisations ?? []), ...(one.departments ?? [])];
  return places.length ? <>({places.join(", ")})</> : null;
}

export function Account({ login }: { login: string }) {
  const { t } = useTranslation();
  const may = useMay();
  const me = useMe();
  const path = { login };
  const asked = useQuery({ queryKey: ["users", "one", login], queryFn: () => body(api.GET("/api/v1/users/{login}", { params: { path } })) });
  if (asked.error) return <ProblemNote error={asked.error} />;
  if (!asked.data) return <Spin />;
  const one = asked.data;
  return (
    <Flex vertical gap={16}>
      <Descriptions
        size="small"
        column={2}
        items={[
          { key: "name", label: t("accounts.name"), children: one.name },
          { key: "email", label: t("accounts.email"), children: one.email ?? "—" },
          { key: "state", label: t("accounts.state"), children: <State of={one.state === "on" ? "ok" : "off"} word={t(`account.${one.state}`)} /> },
          { key: "last", label: t("accounts.last"), children: <Moment at={one.last_at} exact /> },
          { key: "password", label: t("signin.password"), children: one.password_at ? <Moment at={one.password_at} /> : t("accounts.no_password") },
          { key: "factor", label: t("accounts.second_factor"), children: one.second_factor ? t("accounts.factor.set") : t(one.must_have_second_factor ? "accounts.factor.must" : "accounts.factor.none") },
          { key: "made", label: t("accounts.made"), children: <>{one.made_by} · <Moment at={one.made_at} exact /></> },
          { key: "issuer", label: t("accounts.issuer"), children: one.issuer ?? "—" },
        ]}
      />
      {may("user.edit") && <Doors one={one} oneself={me.login === one.login} />}
      <Holds one={one} />
      {may("role.grant") && me.login !== one.login && <Give login={login} />}
    </Flex>
  );
}

/** Let in, shut out. */
function Doors({ one, oneself }: { one: Shape["Account"]; oneself: boolean }) {
  const { t } = useTranslation();
  const tell = useTell();
  const may = useMay();
  const { modal } = App.useApp();
  const questions = useQueryClient();
  const params = { path: { login: one.login } };
  const anew = () => questions.invalidateQueries({ queryKey: ["users"] });
  const link = useMutation({ mutationFn: () => body(api.POST("/api/v1/users/{login}/link", { params, body: { minutes: 15 } })), onError: tell.failed });
  const off = useMutation({ mutationFn: () => body(api.POST("/api/v1/users/{login}/switch-off", { params })), onSuccess: anew, onError: tell.failed });
  const on = useMutation({ mutationFn: () => body(api.POST("/api/v1/users/{login}/switch-on", { params })), onSuccess: anew, onError: tell.failed });
  const factor = useMutation({ mutationFn: () => body(api.DELETE("/api/v1/users/{login}/second-factor", { params })), onSuccess: anew, onError: tell.failed });
  const out = useMutation({
    mutationFn: () => body(api.DELETE("/api/v1/users/{login}/sessions", { params })),
    onSuccess: (said) => tell.done(t("sessions.ended", { n: said.ended })),
    onError: tell.failed,
  });
  const sure = (title: string, content: string, act: () => Promise<unknown>) =>
    modal.confirm({ title, content, onOk: () => act().catch(() => undefined) });
  return (
    <Flex vertical gap={12}>
      <Flex gap={8} wrap>
        {one.state === "on" && <Button type="primary" loading={link.isPending} onClick={() => link.mutate()}>{t("accounts.link")}</Button>}
        {one.second_factor && (
          <Button onClick={() => sure(t("accounts.reset_factor"), t("accounts.reset_factor.effect", { who: one.login }), factor.mutateAsync)}>
            {t("accounts.reset_factor")}
          </Button>
        )}
        {may("session.revoke") && (
          <Button onClick={() => sure(t("accounts.sign_out"), t("accounts.sign_out.effect", { who: one.login }), out.mutateAsync)}>{t("accounts.sign_out")}</Button>
        )}
        {!oneself && (one.state === "on" ? (
          <Button danger onClick={() => sure(t("accounts.off"), t("accounts.off.effect", { who: one.login }), off.mutateAsync)}>{t("accounts.off")}</Button>
        ) : (
          <Button onClick={() => on.mutate()}>{t("accounts.on")}</Button>
        ))}
      </Flex>
      {link.data && (
        <Alert
          type="success"
          title={t("accounts.link.made")}
          description={
            <Flex vertical gap={4}>
              <Typography.Text code copyable style={{ wordBreak: "break-all" }}>{window.location.origin + link.data.path}</Typography.Text>
              <span>{t("accounts.link.until")} <Moment at={link.data.until_at} exact /></span>
            </Flex>
          }
        />
      )}
    </Flex>
  );
}

function Holds({ one }: { one: Shape["Account"] }) {
  const { t } = useTranslation();
  const may = useMay();
  const tell = useTell();
  const questions = useQueryClient();
  const end = useMutation({
    mutationFn: (grant_id: string) => body(api.DELETE("/api/v1/grants/{grant_id}", { params: { path: { grant_id } } })),
    onSuccess: () => questions.invalidateQueries(),
    onError: tell.failed,
  });
  return (
    <Table<Held>
      size="small"
      rowKey="id"
      pagination={false}
      dataSource={one.roles}
      locale={{ emptyText: t("accounts.no_role") }}
      columns={[
        { title: t("grant.role"), key: "role", render: (_, held) => <>{held.role} <Where of={held} /></> },
        { title: t("accounts.state"), dataIndex: "state", render: (s: string) => <State of={s === "held" ? "ok" : "waiting"} word={t(`grant.${s}`)} /> },
        { title: t("grant.until"), dataIndex: "until_at", render: (at: string | null) => (at ? <Moment at={at} exact /> : t("grant.no_end")) },
        { title: t("grant.by"), key: "by", render: (_, held) => [held.granted_by, held.approved_by, held.reason].filter(Boolean).join(" · ") },
        {
          key: "end",
          render: (_, held) => may("role.grant") && (
            <Popconfirm title={t("grant.end.effect")} onConfirm={() => end.mutate(held.id)}>
              <Button size="small" danger>{t("grant.end")}</Button>
            </Popconfirm>
          ),
        },
      ]}
    />
  );
}

interface Given {
  role: string;
  organisations?: string[];
  departments?: string[];
  days?: number;
  reason?: string;
}

function Give({ login }: { login: string }) {
  const { t, i18n } = useTranslation();
  const tell = useTell();
  const questions = useQueryClient();
  const [form] = Form.useForm<Given>();
  const [chosen, setChosen] = useState<string>();
  const roles = useQuery({ queryKey: ["roles"], queryFn: () => body(api.GET("/api/v1/roles")) });
  const give = useMutation({
    mutationFn: (given: Given) => body(api.POST("/api/v1/grants", {
      body: {
        login, role: given.role, days: given.days ?? null, reason: given.reason ?? "",
        organisations: given.organisations?.length ? given.organisations : null,
        departments: given.departments?.length ? given.departments : null,
      },
    })),
    onSuccess: async (made) => {
      tell.done(t(made.state === "asked" ? "grant.waits" : "grant.given"));
      form.resetFields();
      setChosen(undefined);
      await questions.invalidateQueries();
    },
    onError: tell.failed,
  });
  const role = roles.data?.items.find((one) => one.role === chosen);
  return (
    <Card size="small" title={t("grant.give")}>
      <Form form={form} layout="vertical" onFinish={(given) => give.mutate(given)} onValuesChange={(_, all) => setChosen(all.role)}>
        <Form.Item name="role" label={t("grant.role")} rules={[{ required: true, message: t("grant.role.needed") }]}
          extra={role && [t("role.may", { n: role.rights.length }), ...role.duties.map((one) => t(`role.duty.${one}`))].join(" · ")}>
          <Select showSearch options={roles.data?.items.map((one) => ({ value: one.role, label: `${one.title[i18n.language] ?? one.role} (${one.role})` }))} />
        </Form.Item>
        <Flex gap={12} wrap>
          <Form.Item name="organisations" label={t("grant.organisations")} style={{ flex: 1, minWidth: 160 }}>
            <Select mode="tags" open={false} suffixIcon={null} placeholder={t("grant.everywhere")} />
          </Form.Item>
          <Form.Item name="departments" label={t("grant.departments")} style={{ flex: 1, minWidth: 160 }}>
            <Select mode="tags" open={false} suffixIcon={null} placeholder={t("grant.everywhere")} />
          </Form.Item>
          <Form.Item name="days" label={t("grant.days")}>
            <InputNumber min={1} max={3660} placeholder={t("grant.no_end")} />
          </Form.Item>
        </Flex>
        <Form.Item name="reason" label={t("grant.reason")}>
          <Input maxLength={2000} />
        </Form.Item>
        <Button htmlType="submit" loading={give.isPending}>{t("grant.give")}</Button>
      </Form>
    </Card>
  );
}
