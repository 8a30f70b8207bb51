/** Who may do what here, and who gave it to them? Each tab is for who has that duty. */
import { Tabs } from "antd";
import { useTranslation } from "react-i18next";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { Screen } from "../../parts/Screen";
import { Accounts } from "./Accounts";
import { Policies } from "./Policies";
import { Review } from "./Review";
import { Roles } from "./Roles";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";

export default function People() {
  const { t } = useTranslation();
  const may = useMay();
  const [tab, setTab] = useFilter("tab");
  const tabs = [
    { key: "accounts", right: "user.see", children: <Accounts /> },
    { key: "review", right: "role.see", children: <Review /> },
    { key: "roles", right: "role.see", children: <Roles /> },
    { key: "sessions", right: "session.see", children: <Sessions /> },
    { key: "tokens", right: "token.see", children: <Tokens /> },
    { key: "policies", right: "role.see", children: <Policies /> },
  ].filter((one) => may(one.right));
  return (
    <Screen title={t("people.title")} answer={t("people.answer")}>
      <Tabs
        activeKey={tabs.some((one) => one.key === tab) ? tab : tabs[0]?.key}
        onChange={setTab}
        destroyOnHidden
        items={tabs.map(({ key, children }) => ({ key, label: t(`people.tab.${key}`), children }))}
      />
    </Screen>
  );
}
