/** Which field becomes which: pairs joined by a line, and beside them what is not joined yet, to be drawn together. */
import { ArrowLeftOutlined, ArrowRightOutlined, CloseCircleFilled, SwapOutlined, WarningFilled } from "@ant-design/icons";
import { Badge, Button, Checkbox, Empty, Flex, Input, Tag, Typography } from "antd";
import { type DragEvent, type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Shape } from "../../api/client";
import { type FieldMap, flawsAt, type Level, type OurField, type Rules, source, stepName, type TheirField } from "./model";
import { Ours, Theirs } from "./Names";

type Side = "theirs" | "ours";
type Picked = { side: Side; name: string } | undefined;

const DRAGGED = "application/x-hefu-field";

export interface BoardProps {
  maps: FieldMap[];
  level: Level;
  theirs: readonly TheirField[];
  ours: readonly OurField[];
  rules: Rules;
  flaws: readonly Shape["Flaw"][];
  heads: { theirs: string; ours: string };
  may: boolean;
  selected: number | undefined;
  select: (at: number | undefined) => void;
  join: (theirs: TheirField, ours: OurField) => void;
}

export function Board(props: BoardProps) {
  const { maps, level, theirs, ours, rules, flaws, heads, may, selected, select, join } = props;
  const { t } = useTranslation();
  const [words, setWords] = useState("");
  const [every, setEvery] = useState(false);
  const [picked, setPicked] = useState<Picked>();
  const place = useRef<HTMLDivElement>(null);
  const used = new Set(maps.map(source));
  const mapped = new Set(maps.map((one) => one.field));
  const fits = (...said: string[]) => said.join(" ").toLowerCase().includes(words.toLowerCase());
  const known = (name: string) => theirs.find((one) => one.name === name);
  const our = (name: string) => ours.find((one) => one.name === name);
  const left = theirs.filter((one) => (every || !used.has(one.name)) && fits(one.name, one.label));
  const right = ours.filter((one) => !mapped.has(one.name) && !one.fixed && fits(one.name, ...Object.values(one.title)));

  const meet = (side: Side, name: string) => {
    if (!picked || picked.side === side) {
      setPicked(picked?.name === name ? undefined : { side, name });
      return;
    }
    const a = known(side === "theirs" ? name : picked.name);
    const b = our(side === "ours" ? name : picked.name);
    setPicked(undefined);
    if (a && b) join(a, b);
  };
  const drop = (event: DragEvent, side: Side, name: string) => {
    event.preventDefault();
    const [from, what = ""] = event.dataTransfer.getData(DRAGGED).split("\n");
    const a = known(side === "theirs" ? name : what);
    const b = our(side === "ours" ? name : what);
    if (from !== side && a && b) join(a, b);
  };
  /** Arrows go through a column, and from one column to the other; Escape lets go. */
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Escape") setPicked(undefined);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const column = (event.target as HTMLElement).dataset["column"];
    if (!column) return;
    const stops = (name: string) => [...(place.current?.querySelectorAll<HTMLElement>(`[data-column="${name}"]`) ?? [])];
    const other = { ArrowRight: column === "theirs" ? "ours" : undefined, ArrowLeft: column === "ours" ? "theirs" : undefined }[event.key];
    const here = stops(column).indexOf(event.target as HTMLElement);
    const next = step ? stops(column)[here + step] : other ? stops(other)[0] : undefined;
    if (!next) return;
    event.preventDefault();
    next.focus();
  };

  const item = (side: Side, name: string, children: ReactNode) => (
    <Button
      key={name}
      block
      data-column={side}
      disabled={!may}
      draggable={may}
      type={picked?.side === side && picked.name === name ? "primary" : "default"}
      aria-pressed={picked?.side === side && picked.name === name}
      style={{ height: "auto", padding: "5px 10px", textAlign: "start", justifyContent: "flex-start", whiteSpace: "normal", borderStyle: picked && picked.side !== side ? "dashed" : "solid" }}
      onClick={() => meet(side, name)}
      onDragStart={(event) => event.dataTransfer.setData(DRAGGED, `${side}\n${name}`)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => drop(event, side, name)}
    >
      {children}
    </Button>
  );

  return (
    <div ref={place} onKeyDown={keys}>
      <Flex gap={12} align="center" wrap style={{ marginBottom: 10 }}>
        <Input.Search allowClear style={{ width: 240 }} placeholder={t("mapper.search")} aria-label={t("mapper.search")} onChange={(event) => setWords(event.target.value)} />
        <Typography.Text type="secondary" role="status">
          {picked ? t(picked.side === "theirs" ? "mapper.picked_theirs" : "mapper.picked_ours", { name: picked.name }) : may ? t("mapper.how") : ""}
        </Typography.Text>
      </Flex>
      <div style={{ display: "grid", gridTemplateColumns: COLUMNS, gap: "0 0", marginBottom: 4 }}>
        <Typography.Text strong>{heads.theirs}</Typography.Text>
        <span />
        <Typography.Text strong>{heads.ours}</Typography.Text>
      </div>
      <div role="list" aria-label={t("mapper.pairs")}>
        {maps.map((one, at) => {
          const said = our(one.field);
          if (!fits(one.field, source(one), known(source(one))?.label ?? "", ...Object.values(said?.title ?? {}))) return null;
          return (
            <div role="listitem" key={one.field}>
              <Pair
                map={one}
                theirs={known(source(one))}
                ours={said}
                owner={rules[one.field]?.owner ?? null}
                flaws={flawsAt(flaws, level, at)}
                chosen={selected === at}
                choose={() => select(selected === at ? undefined : at)}
              />
            </div>
          );
        })}
      </div>
      {!maps.length && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t("mapper.none")} />}
      <Flex justify="space-between" align="center" style={{ margin: "16px 0 6px" }}>
        <Typography.Text strong>
          {t("mapper.left")} <Badge count={left.length} showZero color="#566173" /> · <Badge count={right.length} showZero color="#566173" />
        </Typography.Text>
        <Checkbox checked={every} onChange={(event) => setEvery(event.target.checked)}>
          {t("mapper.every")}
        </Checkbox>
      </Flex>
      <div style={{ display: "grid", gridTemplateColumns: COLUMNS }}>
        <Flex vertical gap={4} style={SCROLL} tabIndex={-1}>
          {left.map((one) => item("theirs", one.name, <Theirs field={one} />))}
        </Flex>
        <span />
        <Flex vertical gap={4} style={SCROLL} tabIndex={-1}>
          {right.map((one) => item("ours", one.name, <Ours field={one} />))}
        </Flex>
      </div>
    </div>
  );
}

const COLUMNS = "minmax(0, 1fr) minmax(110px, 190px) minmax(0, 1fr)";
const SCROLL = { maxHeight: 320, overflowY: "auto", padding: 2 } as const;

interface PairProps {
  map: FieldMap;
  theirs: TheirField | undefined;
  ours: OurField | undefined;
  owner: string | null;
  flaws: Shape["Flaw"][];
  chosen: boolean;
  choose: () => void;
}

function Pair({ map, theirs, ours, owner, flaws, chosen, choose }: PairProps) {
  const { t } = useTranslation();
  const worst = flaws.find((one) => one.severity === "error") ?? flaws[0];
  const way = map.direction ?? "both";
  const from = map.expr_in && !map.from ? undefined : source(map);
  return (
    <Button
      block
      type="text"
      data-column="pairs"
      aria-pressed={chosen}
      onClick={choose}
      style={{
        height: "auto", padding: "5px 8px", whiteSpace: "normal", textAlign: "start", display: "grid", gridTemplateColumns: COLUMNS, alignItems: "center",
        borderRadius: 6, background: chosen ? "var(--ant-color-primary-bg)" : undefined, border: "1px solid", borderColor: worst?.severity === "error" ? "var(--ant-color-error)" : chosen ? "var(--ant-color-primary)" : "transparent",
      }}
    >
      <span>{from === undefined ? <Tag>{t("mapper.expression")}</Tag> : theirs ? <Theirs field={theirs} /> : <Typography.Text code>{from}</Typography.Text>}</span>
      <Line way={way} map={map} />
      <Flex gap={6} align="center" wrap>
        {ours ? <Ours field={ours} /> : <Typography.Text type="danger">{map.field}</Typography.Text>}
        {owner && <Tag color="processing" variant="filled">{t("mapper.owned", { who: owner })}</Tag>}
        {worst && (
          <span style={{ color: `var(--ant-color-${worst.severity === "error" ? "error" : "warning"})` }}>
            {worst.severity === "error" ? <CloseCircleFilled /> : <WarningFilled />} {t("mapper.flaws", { n: flaws.length })}
          </span>
        )}
      </Flex>
    </Button>
  );
}

/** The line between the two, with the way that values go and what happens on it. */
function Line({ way, map }: { way: "both" | "in" | "out"; map: FieldMap }) {
  const { t } = useTranslation();
  const did = [
    ...(map.transform ?? []).map(stepName),
    ...(map.values ? [t("mapper.codes", { n: Object.keys(map.values).length })] : []),
    ...(map.expr_in ?? map.expr_out ? ["CEL"] : []),
    ...(map.lines ? [t("mapper.lines", { n: map.lines.length })] : []),
  ];
  const Arrow = way === "out" ? ArrowLeftOutlined : way === "in" ? ArrowRightOutlined : SwapOutlined;
  const rule = { flex: 1, minWidth: 8, borderTop: "2px solid var(--ant-color-primary)" } as const;
  return (
    <Flex align="center" gap={4} style={{ paddingInline: 8, color: "var(--ant-color-primary)", minWidth: 0 }}>
      <span style={rule} />
      <Arrow aria-label={t(`way.${way}`)} />
      {did.length > 0 && (
        <Typography.Text ellipsis style={{ fontSize: 12, maxWidth: 110 }} title={did.join(" → ")}>
          {did.join(" → ")}
        </Typography.Text>
      )}
      <span style={rule} />
    </Flex>
  );
}
