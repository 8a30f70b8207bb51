/** What became of an action, told where the eye is. */
import { App } from "antd";
import { useTranslation } from "react-i18next";
import { Problem } from "../api/client";

export function useTell(): { done: (words: string) => void; failed: (error: Error) => void } {
  const { message, notification } = App.useApp();
  const { t } = useTranslation();
  return {
    done: (words) => void message.success(words),
    failed: (error) => {
      const known = error instanceof Problem;
      notification.error({
        title: known ? error.title : t("problem.unreachable.title"),
        description: known ? `${error.detail} (${error.code}, ${error.request})` : t("problem.unreachable.detail"),
        duration: 10,
      });
    },
  };
}
