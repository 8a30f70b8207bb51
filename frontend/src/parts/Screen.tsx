/** Every page: its question answered in one sentence, then the rest. */
import { Flex, Typography } from "antd";
import { type ReactNode, useEffect } from "react";

export function Screen({
  title,
  answer,
  actions,
  children,
}: {
  title: string;
  answer?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Hefu 合符`;
  }, [title]);
  return (
    <Flex vertical gap={16}>
      <Flex justify="space-between" align="flex-start" gap={16} wrap>
        <div style={{ minWidth: 0 }}>
          <Typography.Title level={1} style={{ fontSize: 22, margin: 0 }}>
            {title}
          </Typography.Title>
          <Typography.Paragraph type="secondary" style={{ margin: "4px 0 0", fontSize: 15 }}>
            {answer}
          </Typography.Paragraph>
        </div>
        <Flex gap={8} wrap>
          {actions}
        </Flex>
      </Flex>
      {children}
    </Flex>
  );
}
