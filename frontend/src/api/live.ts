/** What moves, told by the hub: each topic makes the questions that it touches be asked again. */
import type { QueryClient } from "@tanstack/react-query";

/** Topic of /api/v1/events -> first word of the questions that it makes stale. */
const TOUCHES: Record<string, readonly string[]> = {
  project: ["names", "golive", "flows", "connections", "documents", "mappings"],
  issues: ["issues", "cockpit"],
  paused: ["flows", "pauses", "cockpit", "connections"],
  due: ["flows", "cockpit"],
  runs: ["runs", "flows", "cockpit"],
  jobs: ["jobs", "plans"],
};

/** Listen until the returned function is called. The browser comes back by itself when the line breaks. */
export function listen(questions: QueryClient): () => void {
  const line = new EventSource("/api/v1/events");
  for (const [topic, words] of Object.entries(TOUCHES)) {
    line.addEventListener(topic, () => {
      for (const word of words) void questions.invalidateQueries({ queryKey: [word] });
    });
  }
  return () => line.close();
}
