/** Who may sign in, with which roles, and how safely? */
import { PlusOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Drawer, Flex, Form, Input, Modal, Segmented, Space, Tag, Typography } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";
import { Account, Where } from "./Account";

type Person = Shape["Account"];

export function Accounts() {
  const { t } = useTranslation();
  const may = useMay();
  const [q, setQ] = useFilter("q");
  const [state, setState] = useFilter("state");
  const [shown, setShown] = useFilter("user");
  const [adding, setAdding] = useState(false);
  const chosen = state === "on" || state === "off" ? state : undefined;
  return (
    <Flex vertical gap={12}>
      <Flex gap={12} wrap justify="space-between">
        <Space wrap>
          <Input.Search allowClear defaultValue={q} placeholder={t("accounts.search")} aria-label={t("accounts.search")} onSearch={setQ} style={{ width: 260 }} />
          <Segmented
            value={chosen ?? ""}
            onChange={(value) => setState(value || undefined)}
            options={[{ value: "", label: t("filter.all") }, ...["on", "off"].map((s) => ({ value: s, label: t(`account.${s}`) }))]}
          />
        </Space>
        {may("user.edit") && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
            {t("accounts.add")}
          </Button>
        )}
      </Flex>
      <Paged<Person>
        question={["users", q, chosen]}
        load={(cursor) => body(api.GET("/api/v1/users", { params: { query: { cursor, q, state: chosen } } }))}
        rowKey="login"
        empty={t("accounts.empty")}
        columns={[
          { title: t("accounts.login"), key: "login", render: (_, one) => <Button type="link" style={{ padding: 0 }} onClick={() => setShown(one.login)}>{one.login}</Button> },
          { title: t("accounts.name"), dataIndex: "name" },
          { title: t("accounts.state"), dataIndex: "state", render: (s: string) => <State of={s === "on" ? "ok" : "off"} word={t(`account.${s}`)} /> },
          {
            title: t("accounts.roles"),
            key: "roles",
            render: (_, one) => one.roles.length
              ? one.roles.map((held) => (
                  <Tag key={held.id} color={held.state === "asked" ? "warning" : undefined}>
                    {held.role} <Where of={held} /> {held.state === "asked" && t("grant.asked")}
                  </Tag>
                ))
              : <Typography.Text type="secondary">{t("accounts.no_role")}</Typography.Text>,
          },
          { title: t("accounts.second_factor"), key: "second", render: (_, one) => <SecondFactor of={one} /> },
          { title: t("accounts.last"), dataIndex: "last_at", render: (at: string | null) => <Moment at={at} /> },
        ]}
      />
      <Drawer size="large" open={shown !== undefined} onClose={() => setShown(undefined)} title={shown} destroyOnHidden>
        {shown && <Account login={shown} />}
      </Drawer>
      {adding && <NewAccount close={(login) => { setAdding(false); if (login) setShown(login); }} />}
    </Flex>
  );
}

function SecondFactor({ of: one }: { of: Person }) {
  const { t } = useTranslation();
  if (one.second_factor) return <State of="ok" word={t("accounts.factor.set")} />;
  return one.must_have_second_factor ? <State of="waiting" word={t("accounts.factor.must")} /> : <>—</>;
}

function NewAccount({ close }: { close: (login?: string) => void }) {
  const { t } = useTranslation();
  const tell = useTell();
  const questions = useQueryClient();
  const [form] = Form.useForm<Shape["NewAccount"]>();
  const add = useMutation({
    mutationFn: (given: Shape["NewAccount"]) => body(api.POST("/api/v1/users", { body: { ...given, email: given.email || null } })),
    onSuccess: async (made) => {
      await questions.invalidateQueries({ queryKey: ["users"] });
      close(made.login);
    },
    onError: tell.failed,
  });
  return (
    <Modal open title={t("accounts.add")} onCancel={() => close()} onOk={form.submit} confirmLoading={add.isPending}>
      <Typography.Paragraph type="secondary">{t("accounts.add.hint")}</Typography.Paragraph>
      <Form form={form} layout="vertical" onFinish={(given) => add.mutate(given)}>
        <Form.Item name="login" label={t("accounts.login")} rules={[{ required: true, message: t("signin.login.needed") }]}>
          <Input autoFocus autoComplete="off" />
        </Form.Item>
        <Form.Item name="name" label={t("accounts.name")}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="email" label={t("accounts.email")}>
          <Input autoComplete="off" type="email" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
