/** Builds the console into the Python package, which serves it under /ui/. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { limits } from "./limits.ts";

export default defineConfig({
  base: "/ui/",
  plugins: [react(), limits()],
  build: { outDir: "../src/hefu/web/static", emptyOutDir: true, sourcemap: false, chunkSizeWarningLimit: 1200 },
  server: { host: "127.0.0.1", proxy: { "/api": process.env.HEFU_API ?? "http://127.0.0.1:8480" } },
});
