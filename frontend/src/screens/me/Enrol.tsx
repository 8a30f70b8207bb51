/** In the place of everything else, for who must have a second factor and has none yet. */
import { Alert, Button, Card, Flex } from "antd";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, type Shape } from "../../api/client";
import { Mark } from "../../frame/Mark";
import { SecondFactor } from "./SecondFactor";

export default function Enrol({ me, kept }: { me: Shape["Me"]; kept: () => void }) {
  const { t } = useTranslation();
  const questions = useQueryClient();
  const leave = async () => {
    await api.DELETE("/api/v1/session");
    await questions.resetQueries({ queryKey: ["me"] });
  };
  return (
    <Flex vertical align="center" justify="center" style={{ minHeight: "100vh", padding: 16 }}>
      <main style={{ width: 460, maxWidth: "100%" }}>
        <Card title={<Mark />} extra={<Button type="link" onClick={() => void leave()}>{t("frame.leave")}</Button>}>
          <Flex vertical gap={16}>
            <Alert type="info" showIcon title={t("factor.must")} />
            <SecondFactor me={me} kept={kept} />
          </Flex>
        </Card>
      </main>
    </Flex>
  );
}
