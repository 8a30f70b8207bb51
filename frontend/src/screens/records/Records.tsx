/** Who is this customer, once? */
import { Checkbox, Flex, Input, Segmented, Space, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useFilter } from "../../parts/filters";
import { Moment } from "../../parts/Moment";
import { said } from "../../parts/Moved";
import { Paged } from "../../parts/Paged";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";

type Head = Shape["RecordHead"];
const STATES = ["live", "deleted", "merged"] as const;

/** A reference to another record says nothing here. */
const ONE_ID = /^[0-9a-f]{26}$/;

/** The first few values that say which one it is. */
function gist(fields: Record<string, unknown>, title: string): string {
  return Object.values(fields)
    .filter((v) => v !== null && v !== "" && typeof v !== "object" && typeof v !== "boolean" && v !== title && !ONE_ID.test(String(v)))
    .slice(0, 4)
    .map((value) => said(value))
    .join(" · ");
}

export default function Records() {
  const { t } = useTranslation();
  const names = useNames();
  const [q, setQ] = useFilter("q");
  const [state, setState] = useFilter("state");
  const [entity, setEntity] = useFilter("entity");
  const [disputed, setDisputed] = useFilter("disputed");
  const chosen = STATES.find((one) => one === state) ?? (state === "all" ? undefined : "live");
  return (
    <Screen title={t("records.title")} answer={t("records.answer")}>
      <Flex gap={12} wrap align="center">
        <Input.Search
          allowClear
          defaultValue={q}
          style={{ width: 320 }}
          placeholder={t("records.search")}
          aria-label={t("records.search")}
          onSearch={(words) => setQ(words.trim() || undefined)}
        />
        <Segmented
          value={chosen ?? "all"}
          onChange={(value) => setState(value === "live" ? undefined : value)}
          options={[
            ...STATES.map((one) => ({ value: one as string, label: t(`record.state.${one}`) })),
            { value: "all", label: t("filter.all") },
          ]}
        />
        <Checkbox checked={disputed === "yes"} onChange={(e) => setDisputed(e.target.checked ? "yes" : undefined)}>
          {t("records.disputed")}
        </Checkbox>
        {entity && (
          <Tag closable onClose={() => setEntity(undefined)}>
            {names.entity(entity)}
          </Tag>
        )}
      </Flex>
      <Paged<Head>
        question={["records", q, chosen, entity, disputed]}
        load={(cursor) =>
          body(
            api.GET("/api/v1/records", {
              params: { query: { cursor, q, entity, state: chosen, disputed: disputed === "yes" ? true : undefined } },
            }),
          )
        }
        rowKey="id"
        empty={t("records.empty")}
        columns={[
          {
            title: t("records.name"),
            key: "title",
            render: (_, one) => (
              <Space orientation="vertical" size={0}>
                <Link to={`/trace/${one.id}`}>{one.title || one.id}</Link>
                <Typography.Text type="secondary" ellipsis style={{ maxWidth: 520, fontSize: 12 }}>
                  {gist(one.fields, one.title)}
                </Typography.Text>
              </Space>
            ),
          },
          {
            title: t("records.entity"),
            dataIndex: "entity",
            render: (name: string) => <a onClick={() => setEntity(name)}>{names.entity(name)}</a>,
          },
          {
            title: t("records.state"),
            key: "state",
            render: (_, one) =>
              one.disputed.length ? (
                <State of="waiting" word={t("records.waits", { fields: one.disputed.map((path) => names.field(one.entity, path)).join(", ") })} />
              ) : (
                <State of={one.state === "live" ? "ok" : "off"} word={t(`record.state.${one.state}`)} />
              ),
          },
          { title: t("records.changed"), dataIndex: "changed_at", render: (at: string) => <Moment at={at} /> },
          {
            title: t("records.id"),
            dataIndex: "id",
            render: (id: string) => (
              <Typography.Text code copyable>
                {id}
              </Typography.Text>
            ),
          },
        ]}
      />
    </Screen>
  );
}
