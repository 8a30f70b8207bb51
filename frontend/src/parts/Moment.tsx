/** An instant as people say it; the exact one, in the viewer's zone, under the pointer. */
import { Tooltip } from "antd";
import dayjs from "dayjs";
import relativeTime from "dayjs/plugin/relativeTime";
import "dayjs/locale/zh-cn";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

dayjs.extend(relativeTime);

const EXACT = "YYYY-MM-DD HH:mm:ss";

export function Moment({ at, exact = false }: { at: string | null | undefined; exact?: boolean }) {
  const { i18n, t } = useTranslation();
  const [, tick] = useState(0);
  useEffect(() => {
    const clock = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(clock);
  }, []);
  if (!at) return <>{t("moment.never")}</>;
  const when = dayjs(at).locale(i18n.language === "zh" ? "zh-cn" : "en");
  if (exact) return <time dateTime={at}>{when.format(EXACT)}</time>;
  return (
    <Tooltip title={when.format(EXACT)}>
      <time dateTime={at}>{when.fromNow()}</time>
    </Tooltip>
  );
}

/** Seconds in words that a person can act on. */
export function Span({ seconds }: { seconds: number | null | undefined }) {
  const { t } = useTranslation();
  if (seconds === null || seconds === undefined) return <>{t("span.none")}</>;
  if (seconds < 90) return <>{t("span.seconds", { n: Math.round(seconds) })}</>;
  if (seconds < 5400) return <>{t("span.minutes", { n: Math.round(seconds / 60) })}</>;
  if (seconds < 129_600) return <>{t("span.hours", { n: Math.round(seconds / 3600) })}</>;
  return <>{t("span.days", { n: Math.round(seconds / 86_400) })}</>;
}
