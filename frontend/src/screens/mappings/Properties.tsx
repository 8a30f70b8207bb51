/** One pair: which way values go, what happens on the way, who owns the field, what an empty value means. */
import { DeleteOutlined, EditOutlined, UnorderedListOutlined } from "@ant-design/icons";
import { Alert, AutoComplete, Button, Card, Checkbox, Drawer, Flex, Segmented, Select, Typography } from "antd";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { Chain } from "./Chain";
import { Expression, type Where } from "./Expression";
import type { Direction, Document, FieldMap, OurField, Rules, TheirField } from "./model";
import { Pairs } from "./Pairs";

export interface PropertiesProps {
  mapping: string;
  document: Document;
  map: FieldMap;
  ours: OurField | undefined;
  theirs: readonly TheirField[];
  where: Omit<Where, "way" | "field">;
  rules: Rules[string] | undefined;
  owners: readonly string[];
  flaws: readonly Shape["Flaw"][];
  may: boolean;
  change: (changes: Partial<FieldMap>) => void;
  rule: (changes: Partial<Rules[string]>) => void;
  part: () => void;
  openLines: (() => void) | undefined;
}

/** What is wrong with an expression is told beneath its editor. */
const EDITED = new Set(["expr_in", "expr_out"]);
const CONFLICTS = ["manual", "latest", "priority", "union", "max", "min", "append"] as const;

export function Properties(props: PropertiesProps) {
  const { mapping, document, map, ours, theirs, where, rules, owners, flaws, may, change, rule, part, openLines } = props;
  const { t, i18n } = useTranslation();
  const names = useNames();
  const [codes, setCodes] = useState(false);
  const title = ours?.title[i18n.language] ?? map.field;
  const at = { ...where, field: map.field };
  const byExpression = map.expr_in !== undefined && map.expr_in !== null;
  const byExpressionOut = map.expr_out !== undefined && map.expr_out !== null;
  const way = map.direction ?? "both";
  return (
    <Card
      size="small"
      title={<Typography.Title level={2} style={{ fontSize: 16, margin: 0 }}>{title}</Typography.Title>}
      extra={may && <Button danger type="text" icon={<DeleteOutlined />} onClick={part}>{t("mapper.part")}</Button>}
    >
      <Flex vertical gap={12}>
        {flaws.filter((one) => !EDITED.has(String(one.path.at(-1)))).map((one) => (
          <Alert key={`${one.code} ${one.path.join(".")}`} showIcon type={one.severity === "error" ? "error" : "warning"} title={one.message} description={one.next} />
        ))}
        <Labelled label={t("mapper.source")}>
          <AutoComplete
            style={{ width: "100%" }}
            disabled={!may}
            value={map.from ?? ""}
            aria-label={t("mapper.source")}
            showSearch={{ filterOption: (typed, option) => `${option?.value} ${option?.label}`.toLowerCase().includes(typed.toLowerCase()) }}
            options={theirs.map((one) => ({ value: one.name, label: one.label && one.label !== one.name ? `${one.label} (${one.name})` : one.name }))}
            onChange={(from: string) => change({ from })}
          />
        </Labelled>
        <Labelled label={t("mapper.direction")}>
          <Segmented
            block
            disabled={!may}
            value={way}
            aria-label={t("mapper.direction")}
            onChange={(direction: Direction) => change({ direction })}
            options={(["in", "both", "out"] as const).map((one) => ({ value: one, label: t(`way.${one}`) }))}
          />
        </Labelled>
        {rules && (
          <>
            <Labelled label={t("mapper.owner")} hint={t("mapper.owner.hint")}>
              {ours?.owner_depends ? (
                <Typography.Text type="secondary">{t("mapper.owner.depends")}</Typography.Text>
              ) : (
                <Select
                  style={{ width: "100%" }}
                  disabled={!may}
                  aria-label={t("mapper.owner")}
                  value={rules.owner ?? ""}
                  onChange={(owner: string) => rule({ owner: owner || null })}
                  options={[{ value: "", label: t("mapper.owner.nobody") }, ...owners.map((one) => ({ value: one, label: names.connection(one) }))]}
                />
              )}
            </Labelled>
            <Labelled label={t("mapper.conflict")}>
              <Select
                style={{ width: "100%" }}
                disabled={!may || rules.owner !== null}
                aria-label={t("mapper.conflict")}
                value={rules.conflict}
                onChange={(conflict: string) => rule({ conflict })}
                options={CONFLICTS.map((one) => ({ value: one as string, label: t(`rule.${one}`) }))}
              />
              {rules.conflict === "priority" && (
                <Select mode="multiple" style={{ width: "100%", marginTop: 6 }} disabled={!may} aria-label={t("mapper.priority")} placeholder={t("mapper.priority")} value={rules.priority} onChange={(priority: string[]) => rule({ priority })} options={owners.map((one) => ({ value: one, label: names.connection(one) }))} />
              )}
            </Labelled>
          </>
        )}
        {openLines && (
          <Button icon={<UnorderedListOutlined />} onClick={openLines}>
            {t("mapper.open_lines", { n: map.lines?.length ?? 0 })}
          </Button>
        )}
        {way !== "out" && (
          <Checkbox disabled={!may} checked={byExpression} onChange={(event) => change({ expr_in: event.target.checked ? (map.from ?? map.field) : null })}>
            {t("mapper.expr_in")}
          </Checkbox>
        )}
        {byExpression && way !== "out" && (
          <Expression label={t("mapper.expr_in")} value={map.expr_in ?? ""} change={(value) => may && change({ expr_in: value === "" ? " " : value })} where={{ ...at, way: "in" }} />
        )}
        {!byExpression && (
          <Labelled label={t("mapper.steps")} group>
            <Chain steps={map.transform ?? []} change={(transform) => change({ transform })} may={may} />
          </Labelled>
        )}
        {way !== "in" && (
          <Checkbox disabled={!may} checked={byExpressionOut} onChange={(event) => change({ expr_out: event.target.checked ? map.field : null })}>
            {t("mapper.expr_out")}
          </Checkbox>
        )}
        {byExpressionOut && way !== "in" && (
          <Expression label={t("mapper.expr_out")} value={map.expr_out ?? ""} change={(value) => may && change({ expr_out: value === "" ? " " : value })} where={{ ...at, way: "out" }} />
        )}
        {!where.lines && ours?.type !== "lines" && (
          <Button icon={<EditOutlined />} onClick={() => setCodes(true)}>
            {t("mapper.values", { n: Object.keys(map.values ?? {}).length })}
          </Button>
        )}
        <Labelled label={t("mapper.blank")}>
          <Select
            style={{ width: "100%" }}
            disabled={!may}
            aria-label={t("mapper.blank")}
            value={map.blank ?? "null"}
            onChange={(blank: NonNullable<FieldMap["blank"]>) => change({ blank })}
            options={(["null", "empty", "ignore"] as const).map((one) => ({ value: one, label: t(`blank.${one}`) }))}
          />
        </Labelled>
        {way !== "in" && (
          <Checkbox disabled={!may} checked={map.clear ?? true} onChange={(event) => change({ clear: event.target.checked })}>
            {t("mapper.clear")}
          </Checkbox>
        )}
      </Flex>
      <Drawer open={codes} onClose={() => setCodes(false)} size={860} destroyOnHidden title={t("values.of", { field: title })}>
        <Pairs mapping={mapping} document={document} map={map} options={ours?.options ?? []} change={change} may={may} />
      </Drawer>
    </Card>
  );
}

function Labelled({ label, hint, children, group }: { label: string; hint?: string; children: ReactNode; group?: boolean }) {
  return (
    <div role={group ? "group" : undefined} aria-label={group ? label : undefined}>
      <Typography.Text strong style={{ display: "block", marginBottom: 4 }}>{label}</Typography.Text>
      {children}
      {hint && <Typography.Text type="secondary" style={{ fontSize: 12 }}>{hint}</Typography.Text>}
    </div>
  );
}
