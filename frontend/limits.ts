/** Fails a build whose first load or whose single pages have grown too heavy for a branch office's line. */
import { gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const FIRST_LOAD = 350 * 1024;
const ONE_PAGE = 300 * 1024;

/** Gzip bytes: all that the first page loads, and each chunk that comes later. */
export function limits(): Plugin {
  return {
    name: "hefu-limits",
    generateBundle(_options, bundle) {
      const sizes = new Map<string, number>();
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === "chunk") sizes.set(name, gzipSync(file.code).length);
      }
      const first = new Set<string>();
      const walk = (name: string) => {
        const file = bundle[name];
        if (first.has(name) || file?.type !== "chunk") return;
        first.add(name);
        file.imports.forEach(walk);
      };
      for (const [name, file] of Object.entries(bundle)) {
        if (file.type === "chunk" && file.isEntry) walk(name);
      }
      const total = [...first].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0);
      this.info(`first load ${Math.round(total / 1024)} KB gzip of ${FIRST_LOAD / 1024}`);
      if (total > FIRST_LOAD) this.error(`first load is ${total} bytes gzip, at most ${FIRST_LOAD}`);
      for (const [name, size] of sizes) {
        if (!first.has(name) && size > ONE_PAGE) this.error(`${name} is ${size} bytes gzip, at most ${ONE_PAGE}`);
      }
    },
  };
}
