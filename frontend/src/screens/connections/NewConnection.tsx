/** Which kind of system is it, and how is it reached? Tested before it is saved. */
import { useQuery } from "@tanstack/react-query";
import { Card, Empty, Form, Select } from "antd";
import { useTranslation } from "react-i18next";
import { api, body } from "../../api/client";
import { useFilter } from "../../parts/filters";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { SettingsForm } from "./SettingsForm";

export default function NewConnection() {
  const { t } = useTranslation();
  const [connector, setConnector] = useFilter("connector");
  const asked = useQuery({ queryKey: ["connectors"], queryFn: () => body(api.GET("/api/v1/connectors")), refetchInterval: false });
  return (
    <Screen title={t("connections.new")} answer={t("connections.new.answer")}>
      {asked.error && <ProblemNote error={asked.error} />}
      <Card>
        <Form layout="vertical">
          <Form.Item label={t("connections.connector")} htmlFor="connector">
            <Select
              id="connector"
              showSearch
              value={connector}
              placeholder={t("form.choose")}
              onChange={setConnector}
              options={asked.data?.items.map((one) => ({ value: one.name, disabled: !one.usable, label: `${one.name} — ${one.about}` }))}
            />
          </Form.Item>
        </Form>
        {connector ? <SettingsForm key={connector} connector={connector} /> : <Empty description={t("connections.new.first")} />}
      </Card>
    </Screen>
  );
}
