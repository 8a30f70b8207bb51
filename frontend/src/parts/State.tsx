/** A state in a fixed colour with a sign and a word: never by colour alone. */
import {
  CheckCircleOutlined,
  ClockCircleOutlined,
  CloseCircleOutlined,
  ExclamationCircleOutlined,
  MinusCircleOutlined,
  SyncOutlined,
} from "@ant-design/icons";
import { Tag } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

type Kind = "success" | "processing" | "warning" | "error" | "default" | "waiting";

const SIGNS: Record<Kind, ReactNode> = {
  success: <CheckCircleOutlined />,
  processing: <SyncOutlined />,
  warning: <ExclamationCircleOutlined />,
  error: <CloseCircleOutlined />,
  default: <MinusCircleOutlined />,
  waiting: <ClockCircleOutlined />,
};

/** Every state word of the hub, and what it means to a person. */
const KINDS: Record<string, Kind> = {
  in_step: "success", done: "success", applied: "success", agreed: "success", resolved: "success", closed: "success",
  approved: "success", verified: "success", ok: "success", current: "success",
  running: "processing", applying: "processing", loaded: "processing", learned: "processing", queued: "waiting",
  behind: "waiting", proposed: "waiting", open: "warning", waiting: "waiting", new: "waiting", staged: "waiting",
  checked: "waiting", paused: "warning", stopped: "warning", stale: "warning", unknown: "warning", refused: "warning",
  failed: "error", rejected: "error", off: "default", expired: "default", ignored: "default", rolled_back: "default",
}; // prettier-ignore

export function State({ of, word }: { of: string; word?: string }) {
  const { t, i18n } = useTranslation();
  const kind = KINDS[of] ?? "default";
  const key = `state.${of}`;
  const said = word ?? (i18n.exists(key) ? t(key) : of);
  return (
    <Tag color={kind === "waiting" ? "warning" : kind} icon={SIGNS[kind]} variant="filled">
      {said}
    </Tag>
  );
}
