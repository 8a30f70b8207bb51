/** How do we move the old data over safely? Batches, and how far each is. */
import { PlusOutlined } from "@ant-design/icons";
import { useMutation } from "@tanstack/react-query";
import { Button, Empty, Form, Modal, Select } from "antd";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import { useQuery } from "@tanstack/react-query";
import { api, body, type Shape } from "../../api/client";
import { useJob } from "../../api/jobs";
import { useNames } from "../../api/names";
import { useMay } from "../../frame/session";
import { JobNote } from "../../parts/JobNote";
import { Moment } from "../../parts/Moment";
import { Paged } from "../../parts/Paged";
import { Screen } from "../../parts/Screen";
import { State } from "../../parts/State";
import { useTell } from "../../parts/tell";
import { total, untaken } from "./rows";

type Batch = Shape["Batch"];

export default function Migrations() {
  const { t } = useTranslation();
  const names = useNames();
  const may = useMay();
  const tell = useTell();
  const go = useNavigate();
  const [asking, ask] = useState(false);
  const [job, setJob] = useState<string>();
  const mappings = useQuery({ queryKey: ["names"], queryFn: () => body(api.GET("/api/v1/names")), enabled: asking });
  const stage = useMutation({
    mutationFn: (given: Shape["Stage"]) => body(api.POST("/api/v1/migrations", { body: given })),
    onSuccess: (made) => {
      ask(false);
      setJob(made.id);
    },
    onError: tell.failed,
  });
  const under = useJob(job, (ended) => {
    const made = (ended.result as { batch?: string } | null)?.batch;
    if (made) void go(`/migrations/${made}`);
  });
  const options = Object.keys(mappings.data?.mappings ?? {}).map((name) => ({ value: name, label: names.mapping(name) }));
  return (
    <Screen
      title={t("migrations.title")}
      answer={t("migrations.answer")}
      actions={may("migration.run") && <Button type="primary" icon={<PlusOutlined />} onClick={() => ask(true)}>{t("migrations.new")}</Button>}
    >
      <JobNote job={under} />
      <Paged<Batch>
        question={["migrations"]}
        load={(cursor) => body(api.GET("/api/v1/migrations", { params: { query: { cursor } } }))}
        rowKey="id"
        empty={<Empty description={t("migrations.empty")} />}
        columns={[
          { title: t("migrations.from"), key: "what", render: (_, one) => <Link to={`/migrations/${one.id}`}>{names.mapping(one.source)} → {names.mapping(one.target)}</Link> },
          { title: t("plans.state"), dataIndex: "state", render: (s: string) => <State of={s} word={t(`batch.state.${s}`)} /> },
          { title: t("syncs.records"), key: "rows", align: "right", render: (_, one) => total(one.rows).toLocaleString() },
          { title: t("migrations.untaken"), key: "bad", align: "right", render: (_, one) => untaken(one.rows).toLocaleString() },
          { title: t("plans.author"), dataIndex: "author" },
          { title: t("plans.made"), dataIndex: "created_at", render: (at: string) => <Moment at={at} /> },
        ]}
      />
      <Modal open={asking} title={t("migrations.new")} footer={null} onCancel={() => ask(false)} destroyOnHidden>
        <Form<Shape["Stage"]> layout="vertical" onFinish={(given) => stage.mutate(given)}>
          <Form.Item name="source" label={t("migrations.source")} rules={[{ required: true, message: t("form.choose") }]}>
            <Select showSearch optionFilterProp="label" options={options} />
          </Form.Item>
          <Form.Item name="target" label={t("migrations.target")} rules={[{ required: true, message: t("form.choose") }]}>
            <Select showSearch optionFilterProp="label" options={options} />
          </Form.Item>
          <p>{t("migrations.new.effect")}</p>
          <Button type="primary" htmlType="submit" loading={stage.isPending}>{t("migrations.stage")}</Button>
        </Form>
      </Modal>
    </Screen>
  );
}
