/** What happens to a value on its way: named steps in order, each with a form for its parameters. */
import { ArrowDownOutlined, ArrowUpOutlined, DeleteOutlined } from "@ant-design/icons";
import { Button, Card, Checkbox, Flex, Input, InputNumber, Select, Typography } from "antd";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { useCatalogue } from "./catalogue";
import { parameters, type Step, stepName, withParameter } from "./model";

export function Chain({ steps, change, may }: { steps: Step[]; change: (steps: Step[]) => void; may: boolean }) {
  const { t, i18n } = useTranslation();
  const catalogue = useCatalogue();
  const known = new Map((catalogue?.transforms ?? []).map((one) => [one.name, one]));
  const groups = [...new Set((catalogue?.transforms ?? []).map((one) => one.group))];
  const move = (at: number, by: number) => {
    const next = [...steps];
    const [one] = next.splice(at, 1);
    if (one !== undefined) next.splice(at + by, 0, one);
    change(next);
  };
  return (
    <Flex vertical gap={8}>
      {steps.map((step, at) => {
        const found = known.get(stepName(step));
        return (
          <Card
            key={`${at} ${stepName(step)}`}
            size="small"
            type="inner"
            title={`${at + 1}. ${stepName(step)}`}
            extra={
              may && (
                <>
                  <Button type="text" size="small" icon={<ArrowUpOutlined />} aria-label={t("mapper.up")} disabled={at === 0} onClick={() => move(at, -1)} />
                  <Button type="text" size="small" icon={<ArrowDownOutlined />} aria-label={t("mapper.down")} disabled={at === steps.length - 1} onClick={() => move(at, 1)} />
                  <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t("mapper.take_step", { name: stepName(step) })} onClick={() => change(steps.filter((_, n) => n !== at))} />
                </>
              )
            }
          >
            <Typography.Paragraph type="secondary" style={{ marginBottom: 6 }}>
              {found?.title[i18n.language]}
            </Typography.Paragraph>
            {found?.parameters.map((one) => (
              <label key={one.name} style={{ display: "block", marginBottom: 6 }}>
                <span>
                  {one.title[i18n.language]}
                  {one.required && <Typography.Text type="danger"> *</Typography.Text>}
                </span>
                <Value
                  of={one}
                  value={parameters(step)[one.name]}
                  may={may}
                  change={(value) => change(steps.map((old, n) => (n === at ? withParameter(old, one.name, value) : old)))}
                />
              </label>
            ))}
          </Card>
        );
      })}
      {may && (
        <Select
          showSearch={{ optionFilterProp: "search" }}
          value={null}
          placeholder={t("mapper.add_step")}
          aria-label={t("mapper.add_step")}
          onChange={(name: string | null) => name && change([...steps, name])}
          options={groups.map((group) => ({
            label: t(`steps.${group}`, group),
            options: (catalogue?.transforms ?? [])
              .filter((one) => one.group === group)
              .map((one) => ({
                value: one.name as string | null,
                search: `${one.name} ${one.title["zh"]} ${one.title["en"]}`,
                label: <span title={one.title[i18n.language]}><b>{one.name}</b> {one.title[i18n.language]}</span>,
              })),
          }))}
        />
      )}
    </Flex>
  );
}

function Value({ of, value, change, may }: { of: Shape["Parameter"]; value: unknown; change: (value: unknown) => void; may: boolean }) {
  const fallback = of.default === null || of.default === undefined ? undefined : String(of.default);
  const common = { disabled: !may, style: { width: "100%" }, "aria-label": of.name };
  switch (of.kind) {
    case "choice":
      return <Select {...common} allowClear={!of.required} value={(value as string | undefined) ?? null} placeholder={fallback} onChange={change} options={of.choices.map((one) => ({ value: one as string | null, label: one }))} />;
    case "number":
      return <InputNumber {...common} value={value as number | undefined} placeholder={fallback} onChange={change} />;
    case "truth":
      return <Checkbox disabled={!may} aria-label={of.name} checked={(value ?? of.default) === true} onChange={(event) => change(event.target.checked === of.default ? undefined : event.target.checked)} />;
    case "texts":
      return <Select {...common} mode="tags" open={false} suffixIcon={null} value={(value as string[] | undefined) ?? []} onChange={(all) => change(all.length ? all : undefined)} />;
    case "pairs":
      return (
        <Input.TextArea
          {...common}
          autoSize
          defaultValue={Object.entries((value ?? {}) as Record<string, string>).map(([a, b]) => `${a} = ${b}`).join("\n")}
          onChange={(event) => change(Object.fromEntries(event.target.value.split("\n").map((line) => line.split("=").map((x) => x.trim())).filter((pair) => pair.length === 2)))}
        />
      );
    default:
      return <Input {...common} value={(value as string | undefined) ?? ""} placeholder={fallback} onChange={(event) => change(event.target.value)} />;
  }
}
