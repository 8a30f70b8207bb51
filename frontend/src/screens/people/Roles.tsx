/** What does each role allow and show? */
import { useQuery } from "@tanstack/react-query";
import { Descriptions, Flex, Table, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "../../api/client";
import { ProblemNote } from "../../parts/ProblemPage";

type Role = Shape["RoleWords"];

export function Roles() {
  const { t, i18n } = useTranslation();
  const asked = useQuery({ queryKey: ["roles"], queryFn: () => body(api.GET("/api/v1/roles")) });
  const rights = useQuery({ queryKey: ["rights", i18n.language], queryFn: () => body(api.GET("/api/v1/rights")), staleTime: 600_000 });
  const words = new Map(rights.data?.items.map((one) => [one.right, one]));
  return (
    <Flex vertical gap={12}>
      <Typography.Text type="secondary">{t("roles.hint")}</Typography.Text>
      {asked.error && <ProblemNote error={asked.error} />}
      <Table<Role>
        size="middle"
        rowKey="role"
        loading={asked.isLoading}
        pagination={false}
        dataSource={asked.data?.items}
        scroll={{ x: "max-content" }}
        expandable={{ expandedRowRender: (one) => <Allowed role={one} words={words} /> }}
        columns={[
          { title: t("grant.role"), key: "role", render: (_, one) => <>{one.title[i18n.language] ?? one.role} <Typography.Text code>{one.role}</Typography.Text></> },
          { title: t("roles.kind"), dataIndex: "ready", render: (ready: boolean) => t(ready ? "roles.ready" : "roles.own") },
          { title: t("roles.rights"), key: "rights", align: "right", render: (_, one) => one.rights.length },
          { title: t("roles.duties"), dataIndex: "duties", render: (duties: string[]) => duties.map((one) => <Tag key={one} color="processing">{t(`role.duty.${one}`)}</Tag>) },
          { title: t("roles.holders"), dataIndex: "holders", align: "right" },
        ]}
      />
    </Flex>
  );
}

function Allowed({ role, words }: { role: Role; words: Map<string, Shape["Right"]> }) {
  const { t } = useTranslation();
  const groups = new Map<string, string[]>();
  for (const right of role.rights) {
    const said = words.get(right);
    const name = said?.resource ?? right;
    groups.set(name, [...(groups.get(name) ?? []), said?.title ?? right]);
  }
  return (
    <Flex vertical gap={12}>
      <Descriptions size="small" column={2} items={[...groups].map(([name, can]) => ({ key: name, label: name, children: can.join(" · ") }))} />
      <Flex gap={6} wrap>
        {Object.entries(role.see).map(([what, how]) => (
          <Tag key={what} color={how === "seen" ? "success" : how === "masked" ? "warning" : undefined}>
            {t(`roles.class.${what}`, what)}: {t(`roles.see.${how}`)}
          </Tag>
        ))}
      </Flex>
      {role.apart.length > 0 && <Typography.Text type="secondary">{t("roles.apart", { roles: role.apart.join(", ") })}</Typography.Text>}
    </Flex>
  );
}
