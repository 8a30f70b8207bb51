/** How far long work is, or why it failed. */
import { Alert, Progress, Space, Spin } from "antd";
import { useTranslation } from "react-i18next";
import { type Job, over } from "../api/jobs";

export function JobNote({ job }: { job: Job | undefined }) {
  const { t } = useTranslation();
  if (!job || job.state === "done") return null;
  if (job.state === "failed") {
    return <Alert type="error" showIcon title={job.error?.title ?? t("job.failed")} description={job.error?.detail} />;
  }
  const { does, counts } = job.progress as { does?: string; counts?: Record<string, number> };
  const done = Object.values(counts ?? {}).reduce((sum, n) => sum + n, 0);
  return (
    <Alert
      type="info"
      title={
        <Space>
          <Spin size="small" />
          {t(`job.${job.kind}`, job.kind)}
          {does}
          {done > 0 && t("job.records", { n: done.toLocaleString() })}
        </Space>
      }
      description={!over(job) && <Progress percent={100} status="active" showInfo={false} size="small" />}
    />
  );
}
