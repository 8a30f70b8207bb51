/** Which field becomes which, who owns it, and what will come out? Drafted here, in effect only through a plan. */
import { useMutation, useQuery } from "@tanstack/react-query";
import { Alert, App, Button, Card, Checkbox, Col, Collapse, Flex, InputNumber, Progress, Row, Segmented, Space, Spin, Tag, Typography } from "antd";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useParams } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { ProblemNote, ProblemPage } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useSettled } from "../../parts/settle";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";
import { Board } from "./Board";
import { type Drafting, useDrafting } from "./drafting";
import { Expression } from "./Expression";
import { changed, type Document, flawsAt, joined, type Level, mapsAt, source, type Step, tidy, withMaps } from "./model";
import { Properties } from "./Properties";
import { Trial } from "./Trial";

export default function Mapper() {
  const { mapping = "" } = useParams();
  const { t } = useTranslation();
  const drafting = useDrafting(mapping, (what) => t(`mapper.${what}`));
  if (drafting.error) return <ProblemPage error={drafting.error} />;
  if (!drafting.bench) return <Spin style={{ display: "block", marginTop: 120 }} />;
  if (!drafting.document) return <ProblemPage error={new Error(t("mapper.unreadable"))} />;
  return <Bench mapping={mapping} drafting={drafting} document={drafting.document} bench={drafting.bench} />;
}

function Bench({ mapping, drafting, document, bench }: { mapping: string; drafting: Drafting; document: Document; bench: Shape["Workbench"] }) {
  const { t } = useTranslation();
  const may = useMay();
  const names = useNames();
  const edits = may("mapping.edit") && may("project.edit");
  const [level, setLevel] = useState<Level>(null);
  const [selected, setSelected] = useState<number>();
  const [read, setRead] = useState(0);
  const { connection, object } = document;
  const theirs = useQuery({
    queryKey: ["objects", connection, "one", object],
    queryFn: () => body(api.GET("/api/v1/connections/{connection}/objects/{obj}", { params: { path: { connection, obj: object } } })),
    refetchInterval: false,
    staleTime: 300_000,
  });
  const systems = useQuery({ queryKey: ["mappings", "list"], queryFn: () => body(api.GET("/api/v1/mappings")), refetchInterval: false });
  const settled = useSettled(document);
  const preview = useQuery({
    queryKey: ["preview", mapping, settled, read],
    queryFn: () =>
      body(api.POST("/api/v1/mappings/{mapping}/preview", { params: { path: { mapping } }, body: { document: tidy(settled), records: 20, fresh: read > 0 } })),
    enabled: may("mapping.preview"),
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
    placeholderData: (held) => held,
  });
  useEffect(() => setSelected(undefined), [level]);

  const lines = level === null ? undefined : document.fields[level];
  const above = lines && theirs.data?.fields.find((one) => one.name === source(lines));
  const entity = bench.entity?.fields ?? [];
  const ours = lines ? (entity.find((one) => one.name === lines.field)?.lines ?? []) : entity;
  const offered = lines ? (above?.lines ?? []) : (theirs.data?.fields ?? []);
  const maps = mapsAt(document, level);
  const flaws = preview.data?.flaws ?? [];
  const owners = [...new Set((systems.data?.items ?? []).filter((one) => one.entity === document.entity).map((one) => one.connection).concat(connection))];
  const map = selected === undefined ? undefined : maps[selected];
  const edit = (next: typeof maps) => drafting.edit(withMaps(document, level, next));
  const join = (their: Shape["FieldOf"] | string, our: Shape["EntityField"], transform: Step[] = []) => {
    const next = joined(maps, our, their, transform);
    edit(next);
    setSelected(next.findIndex((one) => one.field === our.name));
  };
  const withLines = document.fields.map((one, at) => ({ one, at })).filter(({ one }) => one.lines !== undefined);
  const errors = flaws.filter((one) => one.severity === "error").length;
  const title = `${names.connection(connection)} · ${theirs.data?.label || object} ↔ ${names.entity(document.entity)}`;
  const where = { connection, object, entity: document.entity, lines: lines?.field ?? "", lines_source: lines ? source(lines) : "" };

  return (
    <Screen
      title={title}
      answer={
        <Space wrap>
          {bench.draft || drafting.dirty ? <State of="waiting" word={t(drafting.dirty ? "mapper.state.unsaved" : "mapper.state.draft")} /> : <State of="ok" word={t("mapper.state.current", { n: bench.version })} />}
          {t("mapper.answer", { n: document.fields.length, of: entity.length })}
          {errors > 0 && <Typography.Text type="danger">{t("mapper.answer.errors", { n: errors })}</Typography.Text>}
          {bench.draft && <>{t("mapper.by", { who: bench.draft.author })} <Moment at={bench.draft.saved_at} /></>}
        </Space>
      }
      actions={edits && <Actions drafting={drafting} bench={bench} />}
    >
      <JobNote job={drafting.job} />
      {bench.flows.length === 0 && <Alert type="warning" showIcon title={t("mapper.no_flow")} />}
      {bench.findings.map((one) => (
        <Alert key={`${one.file} ${one.line} ${one.code}`} showIcon type={one.severity === "error" ? "error" : "warning"} title={one.message} description={one.next} />
      ))}
      {theirs.error && <ProblemNote error={theirs.error} />}
      <Flex justify="space-between" align="center" wrap gap={8}>
        {withLines.length > 0 ? (
          <Segmented
            value={level === null ? "" : String(level)}
            aria-label={t("mapper.part_of")}
            onChange={(value) => setLevel(value === "" ? null : Number(value))}
            options={[{ value: "", label: t("mapper.header") }, ...withLines.map(({ one, at }) => ({ value: String(at), label: `${names.field(document.entity, one.field)} (${one.lines?.length ?? 0})` }))]}
          />
        ) : <span />}
        {edits && level === null && may("mapping.preview") && <Suggestions document={document} ours={ours} join={(pairs) => {
          let next = maps;
          for (const pair of pairs) {
            const our = ours.find((one) => one.name === pair.field);
            if (our) next = joined(next, our, offered.find((one) => one.name === pair.source) ?? pair.source, pair.transform as Step[]);
          }
          edit(next);
        }} />}
      </Flex>
      <Row gutter={[16, 16]}>
        <Col xs={24} xl={map ? 16 : 24}>
          <Card size="small" loading={theirs.isLoading}>
            <Board
              maps={maps}
              level={level}
              theirs={offered}
              ours={ours}
              rules={drafting.rules}
              flaws={flaws}
              heads={{ theirs: `${names.connection(connection)} · ${theirs.data?.label || object}`, ours: names.entity(document.entity) }}
              may={edits}
              selected={selected}
              select={setSelected}
              join={join}
            />
          </Card>
        </Col>
        {map && selected !== undefined && (
          <Col xs={24} xl={8}>
            <div style={{ position: "sticky", top: 12, maxHeight: "calc(100vh - 24px)", overflowY: "auto" }} key={`${level} ${map.field}`} tabIndex={-1}>
              <Properties
                mapping={mapping}
                document={document}
                map={map}
                ours={ours.find((one) => one.name === map.field)}
                theirs={offered}
                where={where}
                rules={level === null ? drafting.rules[map.field] : undefined}
                owners={owners}
                flaws={flawsAt(flaws, level, selected)}
                may={edits}
                change={(changes) => edit(changed(maps, selected, changes))}
                rule={(changes) => drafting.rule(map.field, changes)}
                part={() => {
                  edit(maps.filter((_, at) => at !== selected));
                  setSelected(undefined);
                }}
                openLines={level === null && map.lines !== undefined ? () => setLevel(selected) : undefined}
              />
            </div>
          </Col>
        )}
      </Row>
      {level === null && <Whole document={document} edit={drafting.edit} may={edits} where={where} />}
      {may("mapping.preview") && (
        <Trial
          mapping={mapping}
          document={tidy(settled)}
          preview={preview.data}
          current={preview.data !== undefined && !preview.isPlaceholderData}
          error={preview.error}
          busy={preview.isFetching}
          again={() => setRead((n) => n + 1)}
          ours={entity}
          selected={level === null ? map : lines}
          changes={bench.changes}
          dirty={drafting.dirty}
          toFlaw={({ path }) => {
            if (path[0] !== "fields" || typeof path[1] !== "number") return;
            const inside = path[2] === "lines" && typeof path[3] === "number";
            setLevel(inside ? path[1] : null);
            setTimeout(() => setSelected(inside ? Number(path[3]) : Number(path[1])));
            window.scrollTo({ top: 0 });
          }}
        />
      )}
    </Screen>
  );
}

function Actions({ drafting, bench }: { drafting: Drafting; bench: Shape["Workbench"] }) {
  const { t } = useTranslation();
  const may = useMay();
  const { modal } = App.useApp();
  return (
    <>
      {bench.draft && (
        <Button danger onClick={() => void modal.confirm({ title: t("mapper.discard.title"), content: t("mapper.discard.effect"), onOk: drafting.discard })}>
          {t("mapper.discard")}
        </Button>
      )}
      <Button disabled={!drafting.dirty} loading={drafting.saving} onClick={drafting.save}>
        {t("mapper.save")}
      </Button>
      {may("plan.make") && (
        <Button type="primary" disabled={!drafting.dirty && !bench.draft} loading={drafting.planning} title={t("mapper.plan.hint")} onClick={drafting.plan}>
          {t("mapper.plan")}
        </Button>
      )}
    </>
  );
}

/** Pairs that the hub proposes, with how sure it is and why. */
function Suggestions({ document, ours, join }: { document: Document; ours: readonly Shape["EntityField"][]; join: (pairs: Shape["Proposal"][]) => void }) {
  const { t, i18n } = useTranslation();
  const tell = useTell();
  const [least, setLeast] = useState(80);
  const ask = useMutation({
    mutationFn: () => body(api.POST("/api/v1/mapping-proposals", { body: { connection: document.connection, object: document.object, entity: document.entity, samples: 200 } })),
    onError: tell.failed,
  });
  const mapped = new Set(document.fields.map((one) => one.field));
  const open = (ask.data?.items ?? []).filter((one) => !mapped.has(one.field));
  const sure = open.filter((one) => one.confidence * 100 >= least);
  return (
    <div style={{ flex: open.length ? "1 1 100%" : undefined }}>
      <Flex gap={8} align="center" justify="flex-end" wrap>
        <Button loading={ask.isPending} onClick={() => ask.mutate()}>{t("mapper.suggest")}</Button>
        {open.length > 0 && (
          <>
            <Button disabled={!sure.length} onClick={() => join(sure)}>{t("mapper.accept_all", { n: sure.length })}</Button>
            <label>
              {t("mapper.from_confidence")} <InputNumber min={0} max={100} step={5} suffix="%" style={{ width: 90 }} value={least} onChange={(n) => setLeast(n ?? 0)} />
            </label>
          </>
        )}
        {ask.data && !open.length && <Typography.Text type="secondary">{t("mapper.suggest.none")}</Typography.Text>}
      </Flex>
      {open.length > 0 && (
        <Card size="small" style={{ marginTop: 8 }} title={t("mapper.suggested", { n: open.length })}>
          {open.map((one) => (
            <Flex key={one.field} gap={12} align="center" style={{ padding: "3px 0" }} wrap>
              <Typography.Text code style={{ minWidth: 160 }}>{one.source}</Typography.Text>
              <Progress aria-label={t("mapper.confidence", { n: Math.round(one.confidence * 100) })} percent={Math.round(one.confidence * 100)} size="small" style={{ width: 120, margin: 0 }} />
              <span style={{ minWidth: 160 }}>{ours.find((field) => field.name === one.field)?.title[i18n.language] ?? one.field}</span>
              <span style={{ flex: 1 }}>
                {one.reasons.map((reason) => <Tag key={reason}>{t(`reason.${reason}`, reason)}</Tag>)}
                {one.transform.length > 0 && <Typography.Text type="secondary"> {one.transform.map((step) => (typeof step === "string" ? step : (step as { use: string }).use)).join(" → ")}</Typography.Text>}
              </span>
              <Button size="small" aria-label={t("mapper.accept", { from: one.source, to: one.field })} onClick={() => join([one])}>✓</Button>
            </Flex>
          ))}
        </Card>
      )}
    </div>
  );
}

/** What holds for the mapping as a whole: may the hub create and change there, and which records are meant. */
function Whole({ document, edit, may, where }: { document: Document; edit: (next: Document) => void; may: boolean; where: Omit<Shape["ExpressionCheck"], "expression" | "way" | "field"> }) {
  const { t } = useTranslation();
  const set = (name: "filter" | "out_filter", value: string) => {
    const { [name]: _, ...rest } = document;
    edit({ ...rest, ...(value.trim() ? { [name]: value } : {}) } as Document);
  };
  const said = [document.filter, document.out_filter].filter(Boolean).length;
  return (
    <Collapse
      size="small"
      items={[
        {
          key: "whole",
          label: t("mapper.whole", { n: said }),
          children: (
            <Flex vertical gap={12}>
              <Space wrap>
                <Checkbox disabled={!may} checked={document.create ?? false} onChange={(event) => edit({ ...document, create: event.target.checked })}>{t("mapper.create")}</Checkbox>
                <Checkbox disabled={!may} checked={document.update ?? true} onChange={(event) => edit({ ...document, update: event.target.checked })}>{t("mapper.update")}</Checkbox>
                <Link to="/value-maps">{t("values.title")}</Link>
              </Space>
              <div>
                <Typography.Text strong>{t("mapper.filter")}</Typography.Text>
                <Expression label={t("mapper.filter")} value={document.filter ?? ""} change={(value) => may && set("filter", value)} where={{ ...where, way: "filter", field: "" }} />
              </div>
              <div>
                <Typography.Text strong>{t("mapper.out_filter")}</Typography.Text>
                <Expression label={t("mapper.out_filter")} value={document.out_filter ?? ""} change={(value) => may && set("out_filter", value)} where={{ ...where, way: "out_filter", field: "" }} />
              </div>
            </Flex>
          ),
        },
      ]}
    />
  );
}
