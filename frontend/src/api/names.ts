/** What people call things: titles of entities, fields, systems and flows, asked of the hub once. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, body, type Shape } from "./client";

type Title = Record<string, string>;

export interface Names {
  entity: (name: string | null | undefined) => string;
  /** "lines[10].price" is "Lines 10 · Price"; what has no title is called by its name. */
  field: (entity: string | null | undefined, path: string | null | undefined) => string;
  connection: (name: string | null | undefined) => string;
  flow: (name: string) => string;
  cutover: (name: string) => string;
  /** "CRM · Customer": a mapping has no title of its own. */
  mapping: (name: string) => string;
  /** What a pause, a run or a step is about: "flow:customers", a flow's or a mapping's name. */
  scope: (scope: string) => string;
  /** "connection/object" or a connection alone: the object is called by the entity that it is mapped to. */
  place: (connection: string | null | undefined, object?: string | null) => string;
}

export function useNames(): Names {
  const { i18n } = useTranslation();
  const asked = useQuery({
    queryKey: ["names"],
    queryFn: () => body(api.GET("/api/v1/names")),
    staleTime: 300_000,
    refetchInterval: false,
  });
  return naming(asked.data, i18n.language);
}

function naming(known: Shape["Names"] | undefined, language: string): Names {
  const said = (title: Title | undefined, name: string) => title?.[language] || name;
  const entity: Names["entity"] = (name) => (name ? said(known?.entities[name]?.title, name) : "");
  const field: Names["field"] = (of, path) => {
    if (!path) return "";
    const titles = known?.entities[of ?? ""]?.fields;
    const out: string[] = [];
    let plain = "";
    for (const part of path.split(/\.(?![^[]*\])/)) {
      const [name = "", key] = part.split(/[[\]]/);
      plain = plain ? `${plain}.${name}` : name;
      out.push(key ? `${said(titles?.[plain], name)} ${key}` : said(titles?.[plain], name));
    }
    return out.join(" · ");
  };
  const connection: Names["connection"] = (name) => (name ? said(known?.connections[name], name) : "");
  const mapping: Names["mapping"] = (name) => {
    const found = known?.mappings[name];
    return found ? `${connection(found.connection)} · ${entity(found.entity)}` : name;
  };
  const flow: Names["flow"] = (name) => said(known?.flows[name], name);
  const scope: Names["scope"] = (given) => {
    const at = given.indexOf(":");
    const name = given.slice(at + 1);
    if (given.startsWith("connection:")) return connection(name);
    if (given.startsWith("mapping:")) return mapping(name);
    return known?.flows[name] ? flow(name) : mapping(name);
  };
  const place: Names["place"] = (where, object) => {
    const [system = "", inside] = object ? [where ?? "", object] : (where ?? "").split("/");
    if (!inside) return connection(system);
    const mapped = Object.values(known?.mappings ?? {}).find((one) => one.connection === system && one.object === inside);
    return `${connection(system)} · ${mapped ? entity(mapped.entity) : inside}`;
  };
  return { entity, field, connection, flow, mapping, scope, place, cutover: (name) => said(known?.cutovers[name], name) };
}
