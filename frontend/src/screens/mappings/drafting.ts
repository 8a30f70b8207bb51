/** The mapping on the bench: what is in effect or drafted, what was changed of it here, saving it and asking for its plan. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { api, body, type Shape } from "../../api/client";
import { type Job, useJob } from "../../api/jobs";
import { useTell } from "../../parts/tell";
import { type Document, type Rules, rulesOf, rulesToSave, tidy } from "./model";

export type Workbench = Shape["Workbench"];

interface Seen {
  bench: Workbench;
  etag: string;
}

export interface Drafting {
  bench: Workbench | undefined;
  error: Error | null;
  document: Document | undefined;
  rules: Rules;
  /** Something here is not saved yet. */
  dirty: boolean;
  edit: (document: Document) => void;
  rule: (field: string, changes: Partial<Rules[string]>) => void;
  save: () => void;
  saving: boolean;
  discard: () => void;
  plan: () => void;
  job: Job | undefined;
  planning: boolean;
}

async function look(mapping: string): Promise<Seen> {
  const { data, response } = await api.GET("/api/v1/mappings/{mapping}/workbench", { params: { path: { mapping } } });
  return { bench: data as Workbench, etag: response.headers.get("etag") ?? "" };
}

export function useDrafting(mapping: string, said: (what: "saved" | "discarded") => string): Drafting {
  const questions = useQueryClient();
  const tell = useTell();
  const go = useNavigate();
  const key = ["mapping-bench", mapping]; // not among those that the hub's news make stale: what is being edited stays
  const asked = useQuery({
    queryKey: key,
    queryFn: () => look(mapping),
    refetchInterval: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const [document, setDocument] = useState<Document>();
  const [rules, setRules] = useState<Rules>();
  const [job, setJob] = useState<string>();
  const bench = asked.data?.bench;
  const before = useMemo(() => rulesOf(bench?.entity?.fields ?? []), [bench]);
  useEffect(() => {
    setDocument(undefined);
    setRules(undefined);
  }, [bench]);

  const keep = useMutation({
    mutationFn: async () => {
      if (!asked.data || !now) throw new Error("nothing to save");
      const { bench: seen, etag } = asked.data;
      const { data, response } = await api.PUT("/api/v1/mappings/{mapping}/draft", {
        params: { path: { mapping }, header: { "if-match": etag } },
        body: { document: tidy(now), rules: rulesToSave(rules ?? before, seen.entity?.fields ?? []), base: seen.version, note: "" },
      });
      return { bench: data as Workbench, etag: response.headers.get("etag") ?? "" };
    },
    onSuccess: (seen) => {
      questions.setQueryData(key, seen);
      void questions.invalidateQueries({ queryKey: ["mappings"] });
    },
    onError: tell.failed,
  });
  const drop = useMutation({
    mutationFn: () => body(api.DELETE("/api/v1/mappings/{mapping}/draft", { params: { path: { mapping } } })),
    onSuccess: async () => {
      tell.done(said("discarded"));
      await questions.invalidateQueries({ queryKey: bench?.published ? key : ["mappings"] });
      if (!bench?.published) void go("/mappings");
    },
    onError: tell.failed,
  });
  const ask = useMutation({
    mutationFn: async () => {
      if (dirty) await keep.mutateAsync();
      return await body(api.POST("/api/v1/mappings/{mapping}/draft/plan", { params: { path: { mapping } }, body: { reason: "" } }));
    },
    onSuccess: (made) => setJob(made.id),
    onError: (error) => keep.error === null && tell.failed(error),
  });
  const under = useJob(job, (ended) => {
    const made = (ended.result as { plan?: string } | null)?.plan;
    if (made) void go(`/plans/${made}`);
  });
  const now = document ?? (bench?.document as Document | null | undefined) ?? undefined;
  const dirty = document !== undefined || rules !== undefined;
  useEffect(() => {
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    if (dirty) window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, [dirty]);
  return {
    bench,
    error: asked.error,
    document: now,
    rules: rules ?? before,
    dirty,
    edit: setDocument,
    rule: (field, changes) =>
      setRules((held) => {
        const all = held ?? before;
        const one = all[field];
        return one ? { ...all, [field]: { ...one, ...changes } } : all;
      }),
    save: () => keep.mutate(undefined, { onSuccess: () => tell.done(said("saved")) }),
    saving: keep.isPending,
    discard: () => drop.mutate(),
    plan: () => ask.mutate(),
    job: under,
    planning: ask.isPending || (under !== undefined && under.state !== "done" && under.state !== "failed"),
  };
}
