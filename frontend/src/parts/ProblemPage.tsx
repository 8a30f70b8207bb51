/** What went wrong, what to do next, and the number to quote. */
import { Alert, Button, Result, Typography } from "antd";
import { useTranslation } from "react-i18next";
import { Problem } from "../api/client";

/** In the place of a whole page. */
export function ProblemPage({ error, again }: { error: Error; again?: () => void }) {
  const { t } = useTranslation();
  const known = error instanceof Problem;
  const status = known && (error.status === 403 || error.status === 404) ? error.status : known ? "warning" : "error";
  return (
    <Result
      status={status}
      title={known ? error.title : t("problem.unreachable.title")}
      subTitle={known ? error.detail : t("problem.unreachable.detail")}
      extra={again && <Button onClick={again}>{t("action.again")}</Button>}
    >
      {known && <RequestNumber error={error} />}
    </Result>
  );
}

/** Above a form or a table. */
export function ProblemNote({ error }: { error: Error }) {
  const { t } = useTranslation();
  if (!(error instanceof Problem)) return <Alert type="error" showIcon title={t("problem.unreachable.title")} />;
  return (
    <Alert
      type={error.status >= 500 ? "error" : "warning"}
      showIcon
      title={error.title}
      description={
        <>
          {error.detail} <RequestNumber error={error} />
        </>
      }
    />
  );
}

function RequestNumber({ error }: { error: Problem }) {
  const { t } = useTranslation();
  return (
    <Typography.Text type="secondary" style={{ fontSize: 12 }}>
      {t("problem.request")} <Typography.Text copyable={{ text: error.request }} code>{error.code}</Typography.Text>
    </Typography.Text>
  );
}
