/** A long list, page by page from the hub, with filters that stand in the address. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Button, Flex, Table, type TableProps } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ProblemNote } from "./ProblemPage";

export interface PageOf<T> {
  items: T[];
  next?: string | null;
}

export function Paged<T extends object>({
  question,
  load,
  columns,
  rowKey,
  empty,
  ...more
}: {
  /** What is asked, with every filter: the same question has the same answer. */
  question: readonly unknown[];
  load: (cursor: string | undefined) => Promise<PageOf<T>>;
  columns: TableProps<T>["columns"];
  rowKey: keyof T & string;
  empty: ReactNode;
} & Omit<TableProps<T>, "columns" | "rowKey" | "dataSource" | "pagination">) {
  const { t } = useTranslation();
  const asked = useInfiniteQuery({
    queryKey: question,
    queryFn: ({ pageParam }) => load(pageParam),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
  });
  const rows = asked.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Flex vertical gap={12}>
      {asked.error && <ProblemNote error={asked.error} />}
      <Table<T>
        size="middle"
        sticky
        rowKey={rowKey}
        columns={columns}
        dataSource={rows}
        loading={asked.isLoading}
        pagination={false}
        locale={{ emptyText: asked.error ? " " : empty }}
        scroll={{ x: "max-content" }}
        {...more}
      />
      {asked.hasNextPage && (
        <Flex justify="center">
          <Button loading={asked.isFetchingNextPage} onClick={() => void asked.fetchNextPage()}>
            {t("list.more")}
          </Button>
        </Flex>
      )}
    </Flex>
  );
}
