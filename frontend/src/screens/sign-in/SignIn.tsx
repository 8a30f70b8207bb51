/** The way in: a password with the second factor, or a one-time link. */
import { LockOutlined, UserOutlined } from "@ant-design/icons";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Button, Card, ConfigProvider, Flex, Form, Input, Spin, Typography } from "antd";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";
import { api, body, carry, Problem } from "../../api/client";
import { Mark } from "../../frame/Mark";
import { ProblemNote } from "../../parts/ProblemPage";
import { speak } from "../../words";

interface Given {
  login?: string;
  password?: string;
  code?: string;
  ticket?: string;
}

/** The ticket of a one-time link stands behind the #, which is sent to no server and kept in no log. */
function ticketOfAddress(): string | undefined {
  return /^#\/enter\/([A-Za-z0-9_.-]{10,200})$/.exec(window.location.hash)?.[1];
}

export default function SignIn() {
  const { t, i18n } = useTranslation();
  const questions = useQueryClient();
  const enter = useMutation({
    mutationFn: (given: Given) => body(api.POST("/api/v1/session", { body: given })),
    onSuccess: async (signed) => {
      carry(signed.csrf);
      window.history.replaceState(null, "", window.location.pathname);
      await questions.resetQueries({ queryKey: ["me"] });
    },
  });
  const tried = useRef(false);
  const ticket = ticketOfAddress();
  const byLink = ticket !== undefined && enter.error instanceof Problem && enter.error.code === "login.second_factor";
  useEffect(() => {
    if (!ticket || tried.current) return;
    tried.current = true; // it is good for one try
    enter.mutate({ ticket });
  }, [ticket, enter]);
  if (ticket && enter.isPending) return <Spin fullscreen description={t("signin.entering")} />;
  return (
    <ConfigProvider componentSize="large">
      <Flex vertical align="center" justify="center" style={{ minHeight: "100vh", padding: 16 }}>
        <main style={{ width: 380, maxWidth: "100%" }}>
          <Card>
            <Mark />
            <Typography.Paragraph type="secondary">{t("signin.answer")}</Typography.Paragraph>
            {enter.error && <ProblemNote error={enter.error} />}
            <Form<Given> layout="vertical" style={{ marginTop: 16 }} onFinish={(given) => enter.mutate(byLink ? { ticket, code: given.code } : given)}>
              {!byLink && <Form.Item name="login" label={t("signin.login")} rules={[{ required: true, message: t("signin.login.needed") }]}>
                <Input autoFocus autoComplete="username" prefix={<UserOutlined />} />
              </Form.Item>}
              {!byLink && <Form.Item name="password" label={t("signin.password")} rules={[{ required: true, message: t("signin.password.needed") }]}>
                <Input.Password autoComplete="current-password" prefix={<LockOutlined />} />
              </Form.Item>}
              <Form.Item name="code" label={t("signin.code")} extra={t("signin.code.hint")}>
                <Input autoComplete="one-time-code" maxLength={20} />
              </Form.Item>
              <Button block type="primary" htmlType="submit" loading={enter.isPending}>
                {t("signin.enter")}
              </Button>
            </Form>
          </Card>
          <Flex justify="center" style={{ marginTop: 12 }}>
            <Button type="link" size="small" onClick={() => void speak(i18n.language === "zh" ? "en" : "zh")}>
              {t("frame.other_language")}
            </Button>
          </Flex>
        </main>
      </Flex>
    </ConfigProvider>
  );
}
