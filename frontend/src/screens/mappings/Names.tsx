/** A field as people read it: its name in their language, its type, whether it must be filled, whom it is about. */
import { Flex, Tag, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { OurField, TheirField } from "./model";

export function Theirs({ field }: { field: TheirField }) {
  const { t } = useTranslation();
  return (
    <Flex gap={6} align="center" wrap>
      <span>
        {field.label || field.name}
        <Must when={field.required} />
      </span>
      {field.label && field.label !== field.name && <Code>{field.name}</Code>}
      <Type of={field.type} />
      {!field.writable && <Tag variant="filled">{t("mapper.read_only")}</Tag>}
    </Flex>
  );
}

export function Ours({ field }: { field: OurField }) {
  const { t, i18n } = useTranslation();
  const title = field.title[i18n.language];
  return (
    <Flex gap={6} align="center" wrap>
      <span>
        {title ?? field.name}
        <Must when={field.required} />
      </span>
      {title && title !== field.name && <Code>{field.name}</Code>}
      <Type of={field.type} />
      {field.pii !== "none" && <Tag color="warning" variant="filled">{t(`pii.${field.pii}`)}</Tag>}
    </Flex>
  );
}

function Must({ when }: { when: boolean }) {
  const { t } = useTranslation();
  if (!when) return null;
  return (
    <Typography.Text type="danger" title={t("connections.required")}>
      {" *"}
    </Typography.Text>
  );
}

function Code({ children }: { children: string }) {
  return (
    <Typography.Text type="secondary" style={{ fontFamily: "monospace", fontSize: 12 }}>
      {children}
    </Typography.Text>
  );
}

export function Type({ of }: { of: string }) {
  const { t } = useTranslation();
  return (
    <Typography.Text type="secondary" style={{ fontSize: 12 }}>
      {t(`type.${of}`, of)}
    </Typography.Text>
  );
}
