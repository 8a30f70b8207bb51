/** How many things wait for a person, by the screen where they wait. */
import { useQuery } from "@tanstack/react-query";
import { useMay } from "../frame/session";
import { api, body } from "./client";

export function useStanding(): Record<string, number> {
  const may = useMay();
  const issues = useQuery({
    queryKey: ["issues", "groups"],
    queryFn: () => body(api.GET("/api/v1/issue-groups")),
    enabled: may("issue.see"),
  });
  const groups = issues.data?.items ?? [];
  const conflicts = groups.filter((one) => one.kind === "conflict").reduce((sum, one) => sum + one.count, 0);
  const all = groups.reduce((sum, one) => sum + one.count, 0);
  return { "/issues": all, "/conflicts": conflicts };
}
