/** What belongs to oneself: password, second factor, where one is signed in, and one's programs. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Button, Card, Col, Flex, Form, Input, InputNumber, Row, Select, Table, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, carry, type Shape } from "../../api/client";
import { useMay, useMe } from "../../frame/session";
import { Moment } from "../../parts/Moment";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useTell } from "../../parts/tell";
import { TokenTable } from "../people/Tokens";
import { SecondFactor } from "./SecondFactor";

export default function Profile() {
  const { t } = useTranslation();
  const me = useMe();
  const may = useMay();
  return (
    <Screen title={t("profile.title")} answer={t("profile.answer", { login: me.login, roles: me.roles.map((one) => one.role).join(", ") || "—" })}>
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={12}><Card title={t("signin.password")} style={{ height: "100%" }}><Password /></Card></Col>
        <Col xs={24} xl={12}><Card title={t("accounts.second_factor")} style={{ height: "100%" }}><SecondFactor me={me} /></Card></Col>
      </Row>
      <Card title={t("profile.sessions")}><OwnSessions /></Card>
      {may("token.own") && <Card title={t("profile.tokens")}><OwnTokens /></Card>}
    </Screen>
  );
}

function Password() {
  const { t } = useTranslation();
  const tell = useTell();
  const questions = useQueryClient();
  const [form] = Form.useForm<Shape["NewPassword"]>();
  const change = useMutation({
    mutationFn: (given: Shape["NewPassword"]) => body(api.PUT("/api/v1/me/password", { body: { old: given.old ?? "", new: given.new } })),
    onSuccess: (said) => {
      carry(said.csrf);
      form.resetFields();
      tell.done(t("profile.password.changed"));
      return questions.invalidateQueries({ queryKey: ["me"] });
    },
  });
  return (
    <Form form={form} layout="vertical" onFinish={(given) => change.mutate(given)}>
      {change.error && <ProblemNote error={change.error} />}
      <Form.Item name="old" label={t("profile.password.old")} extra={t("profile.password.old.hint")}>
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Form.Item name="new" label={t("profile.password.new")} extra={t("profile.password.new.hint")} rules={[{ required: true, message: t("signin.password.needed") }]}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Button htmlType="submit" loading={change.isPending}>{t("profile.password.change")}</Button>
    </Form>
  );
}

function OwnSessions() {
  const { t } = useTranslation();
  const tell = useTell();
  const questions = useQueryClient();
  const asked = useQuery({ queryKey: ["me", "sessions"], queryFn: () => body(api.GET("/api/v1/me/sessions")) });
  const end = useMutation({
    mutationFn: (session_id: string) => api.DELETE("/api/v1/me/sessions/{session_id}", { params: { path: { session_id } } }),
    onSuccess: () => questions.invalidateQueries({ queryKey: ["me", "sessions"] }),
    onError: tell.failed,
  });
  return (
    <Table<Shape["Session"]>
      size="small"
      rowKey="id"
      pagination={false}
      loading={asked.isLoading}
      dataSource={asked.data?.items}
      columns={[
        { title: t("sessions.how"), dataIndex: "how", render: (how: string) => t(`sessions.how.${how}`, how) },
        { title: t("sessions.since"), dataIndex: "made_at", render: (at: string) => <Moment at={at} exact /> },
        { title: t("sessions.address"), dataIndex: "address", render: (address: string) => <Typography.Text code>{address}</Typography.Text> },
        { title: t("sessions.agent"), dataIndex: "agent", ellipsis: true, width: 320 },
        {
          key: "end",
          render: (_, one) => one.this ? <Tag color="processing">{t("profile.this")}</Tag> : <Button size="small" danger onClick={() => end.mutate(one.id)}>{t("sessions.end")}</Button>,
        },
      ]}
    />
  );
}

function OwnTokens() {
  const { t } = useTranslation();
  const tell = useTell();
  const me = useMe();
  const questions = useQueryClient();
  const [form] = Form.useForm<Shape["NewToken"]>();
  const asked = useQuery({ queryKey: ["me", "tokens"], queryFn: () => body(api.GET("/api/v1/me/tokens")) });
  const anew = () => questions.invalidateQueries({ queryKey: ["me", "tokens"] });
  const make = useMutation({
    mutationFn: (given: Shape["NewToken"]) => body(api.POST("/api/v1/me/tokens", { body: { ...given, days: given.days ?? null } })),
    onSuccess: () => {
      form.resetFields();
      return anew();
    },
    onError: tell.failed,
  });
  const revoke = useMutation({
    mutationFn: (token_id: string) => api.DELETE("/api/v1/me/tokens/{token_id}", { params: { path: { token_id } } }),
    onSuccess: anew,
    onError: tell.failed,
  });
  return (
    <Flex vertical gap={12}>
      <Form form={form} layout="inline" initialValues={{ days: 90 }} onFinish={(given) => make.mutate(given)} style={{ rowGap: 12 }}>
        <Form.Item name="name" label={t("tokens.name")} rules={[{ required: true, message: t("tokens.name.needed") }]}>
          <Input maxLength={100} />
        </Form.Item>
        <Form.Item name="scopes" label={t("tokens.scopes")} rules={[{ required: true, message: t("tokens.scopes.needed") }]}>
          <Select mode="multiple" maxTagCount={3} style={{ minWidth: 240 }} options={me.rights.map((one) => ({ value: one, label: one }))} />
        </Form.Item>
        <Form.Item name="days" label={t("grant.days")}>
          <InputNumber min={1} max={3660} />
        </Form.Item>
        <Button htmlType="submit" loading={make.isPending}>{t("tokens.make")}</Button>
      </Form>
      {make.data && (
        <Typography.Paragraph style={{ margin: 0 }}>
          {t("tokens.made")} <Typography.Text code copyable style={{ wordBreak: "break-all" }}>{make.data.token}</Typography.Text>
        </Typography.Paragraph>
      )}
      <TokenTable rows={asked.data?.items ?? []} revoke={revoke.mutate} />
    </Flex>
  );
}
