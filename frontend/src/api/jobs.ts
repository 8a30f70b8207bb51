/** Long work: asked for once, then looked after until it ends; leaving the page does not stop it. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { api, body, type Shape } from "./client";

export type Job = Shape["Job"];

/** The job as it stands; `ended` is told once when it ends. */
export function useJob(id: string | undefined, ended?: (job: Job) => void): Job | undefined {
  const questions = useQueryClient();
  const told = useRef<string | undefined>(undefined);
  const asked = useQuery({
    queryKey: ["jobs", id],
    queryFn: () => body(api.GET("/api/v1/jobs/{job_id}", { params: { path: { job_id: id ?? "" } } })),
    enabled: id !== undefined,
    refetchInterval: (query) => (query.state.data && over(query.state.data) ? false : 1_000),
  });
  const job = id === undefined ? undefined : asked.data;
  useEffect(() => {
    if (!job || !over(job) || told.current === job.id) return;
    told.current = job.id;
    void questions.invalidateQueries({ predicate: (query) => query.queryKey[0] !== "jobs" });
    ended?.(job);
  }, [job, ended, questions]);
  return job;
}

export function over(job: Job): boolean {
  return job.state === "done" || job.state === "failed";
}
