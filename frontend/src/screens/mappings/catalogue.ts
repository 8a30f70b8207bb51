/** The named transforms and functions, asked of the hub once. */
import { useQuery } from "@tanstack/react-query";
import { api, body, type Shape } from "../../api/client";

export function useCatalogue(): Shape["Catalogue"] | undefined {
  const asked = useQuery({
    queryKey: ["catalogue"],
    queryFn: () => body(api.GET("/api/v1/mapping-catalogue")),
    refetchInterval: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return asked.data;
}
