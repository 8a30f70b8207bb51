/** The tally: two halves that fit. */
import { Flex, Typography } from "antd";

export function Mark() {
  return (
    <Flex align="center" gap={10} style={{ height: 52, paddingInline: 16, overflow: "hidden" }}>
      <img src="/ui/hefu.svg" width={24} height={24} alt="" />
      <Typography.Text strong style={{ fontSize: 16, whiteSpace: "nowrap" }}>
        Hefu 合符
      </Typography.Text>
    </Flex>
  );
}
