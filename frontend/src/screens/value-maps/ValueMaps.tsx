/** How do codes translate, and which codes in real data does no map know? */
import { useQueries, useQuery } from "@tanstack/react-query";
import { Alert, App, Badge, Button, Card, Col, Empty, Flex, Menu, Row, Spin, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Link } from "react-router";
import { api, body } from "../../api/client";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { useFilter } from "../../parts/filters";
import { JobNote } from "../../parts/JobNote";
import { ProblemNote } from "../../parts/ProblemPage";
import { Screen } from "../../parts/Screen";
import { useDrafting } from "../mappings/drafting";
import { changed } from "../mappings/model";
import { Pairs } from "../mappings/Pairs";

export default function ValueMaps() {
  const { t } = useTranslation();
  const may = useMay();
  const names = useNames();
  const [chosen, choose] = useFilter("map");
  const asked = useQuery({ queryKey: ["mappings", "values"], queryFn: () => body(api.GET("/api/v1/value-maps")) });
  const all = useQuery({ queryKey: ["mappings", "list"], queryFn: () => body(api.GET("/api/v1/mappings")) });
  const entity = new Map((all.data?.items ?? []).map((one) => [one.mapping, one.entity]));
  const maps = asked.data?.items ?? [];
  const found = useQueries({
    queries: maps.map((one) => ({
      queryKey: ["codes", "list", one.mapping, one.field, one.values],
      queryFn: () => body(api.POST("/api/v1/mappings/{mapping}/codes", { params: { path: { mapping: one.mapping } }, body: { field: one.field, records: 1000, fresh: false } })),
      enabled: may("mapping.preview"),
      refetchInterval: false as const,
      staleTime: 60_000,
      retry: false,
    })),
  });
  const lost = found.reduce((sum, one) => sum + (one.data?.refused ?? 0), 0);
  const first = maps[0];
  const here = chosen ?? (first && `${first.mapping}.${first.field}`);
  const at = here?.lastIndexOf(".") ?? -1;
  return (
    <Screen
      title={t("values.title")}
      answer={asked.data && (lost ? t("values.answer.some", { n: lost.toLocaleString() }) : t("values.answer.none", { n: maps.length }))}
    >
      {asked.error && <ProblemNote error={asked.error} />}
      {asked.isLoading && <Spin />}
      {asked.data && !maps.length && !chosen && <Empty description={t("values.none")} />}
      {here && (
        <Row gutter={[16, 16]}>
          <Col xs={24} lg={7}>
            <Card size="small" styles={{ body: { padding: 4 } }}>
              <Menu
                selectedKeys={[here]}
                style={{ borderInlineEnd: 0 }}
                onClick={({ key }) => choose(key)}
                items={maps.map((one, n) => ({
                  key: `${one.mapping}.${one.field}`,
                  label: (
                    <Flex justify="space-between" align="center" gap={8} style={{ height: "100%" }}>
                      <Typography.Text ellipsis>{names.mapping(one.mapping)} · {names.field(entity.get(one.mapping), one.field)}</Typography.Text>
                      <Badge count={found[n]?.data?.refused ?? 0} overflowCount={9999} title={t("values.refused", { n: found[n]?.data?.refused ?? 0 })} />
                    </Flex>
                  ),
                }))}
              />
            </Card>
          </Col>
          <Col xs={24} lg={17}>
            <One key={here} mapping={here.slice(0, at)} field={here.slice(at + 1)} />
          </Col>
        </Row>
      )}
    </Screen>
  );
}

function One({ mapping, field }: { mapping: string; field: string }) {
  const { t, i18n } = useTranslation();
  const may = useMay();
  const names = useNames();
  const { modal } = App.useApp();
  const drafting = useDrafting(mapping, (what) => t(`mapper.${what}`));
  const { bench, document } = drafting;
  if (drafting.error) return <ProblemNote error={drafting.error} />;
  if (!bench || !document) return <Spin />;
  const place = document.fields.findIndex((one) => one.field === field);
  const map = document.fields[place];
  if (!map) return <Empty description={t("values.none")} />;
  const ours = bench.entity?.fields.find((one) => one.name === field);
  const edits = may("mapping.edit") && may("project.edit");
  return (
    <Card
      size="small"
      title={`${ours?.title[i18n.language] ?? field}: ${names.connection(document.connection)} → ${t("values.ours")}`}
      extra={
        <Flex gap={8} wrap>
          <Link to={`/mappings/${mapping}`}><Button>{t("values.to_mapper")}</Button></Link>
          {edits && (
            <>
              {bench.draft && <Button danger onClick={() => void modal.confirm({ title: t("mapper.discard.title"), content: t("mapper.discard.effect"), onOk: drafting.discard })}>{t("mapper.discard")}</Button>}
              <Button disabled={!drafting.dirty} loading={drafting.saving} onClick={drafting.save}>{t("mapper.save")}</Button>
              {may("plan.make") && <Button type="primary" disabled={!drafting.dirty && !bench.draft} loading={drafting.planning} onClick={drafting.plan}>{t("mapper.plan")}</Button>}
            </>
          )}
        </Flex>
      }
    >
      <Flex vertical gap={12}>
        <JobNote job={drafting.job} />
        {bench.draft && <Alert type="info" showIcon title={t("values.in_draft", { who: bench.draft.author })} />}
        <Pairs mapping={mapping} document={document} map={map} options={ours?.options ?? []} may={edits} change={(changes) => drafting.edit({ ...document, fields: changed(document.fields, place, changes) })} />
      </Flex>
    </Card>
  );
}
