/** The one way to the hub: typed by its own description, with the session's token, the language and its errors. */
import createClient, { type Middleware } from "openapi-fetch";
import i18next from "i18next";
import type { components, paths } from "./schema";

export type Shape = components["schemas"];

/** What the hub said went wrong: in words, with its code and the number of the request. */
export class Problem extends Error {
  readonly title: string;
  readonly detail: string;
  readonly code: string;
  readonly status: number;
  readonly request: string;
  /** The whole answer: some say more than what went wrong. */
  readonly said: unknown;

  constructor(said: Partial<Shape["Problem"]> & { status: number }) {
    super(said.title ?? `HTTP ${said.status}`);
    this.title = said.title ?? `HTTP ${said.status}`;
    this.detail = said.detail ?? "";
    this.code = said.code ?? "http";
    this.status = said.status;
    this.request = said.request_id ?? "-";
    this.said = said;
  }
}

let token: string | null = null;

/** What every write carries, so that no foreign page can write in this session's name. */
export function carry(csrf: string | null): void {
  token = csrf;
}

/** Questions that are sent as a body: they change nothing, and their answers hold records that need not be kept. */
const ASKS = /\/(preview|codes|profile|test|mapping-proposals|expression-checks|document-checks)$/;

const door: Middleware = {
  onRequest({ request }) {
    request.headers.set("Accept-Language", i18next.language);
    if (request.method !== "GET" && request.method !== "HEAD") {
      if (token) request.headers.set("X-CSRF-Token", token);
      if (!ASKS.test(new URL(request.url).pathname) && !request.headers.has("Idempotency-Key")) request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
  async onResponse({ response }) {
    if (response.ok) return response;
    const said: unknown = await response.clone().json().catch(() => null);
    throw new Problem({ ...(typeof said === "object" ? said : null), status: response.status });
  },
};

export const api = createClient<paths>({ baseUrl: "", credentials: "same-origin" });
api.use(door);

/** The body of an answer that came; errors were thrown at the door. */
export async function body<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked;
  return data as T;
}
