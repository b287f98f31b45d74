import { fileURLToPath } from "node:url";
import optimizeLocales from "@react-aria/optimize-locales-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { mockApi } from "./dev/mock-api.ts";

const SERVER = "http://127.0.0.1:4140";
// `npm run dev` talks to a real server on 4140; `npm run dev:mock` needs nothing.
export default defineConfig(({ mode }) => ({
  // The console speaks English; the component library would bring thirty other languages.
  plugins: [react(), { ...optimizeLocales.vite({ locales: ["en-US"] }), enforce: "pre" as const }, ...(mode === "mock" ? [mockApi()] : [])],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    strictPort: true,
    // Under its own name and as its own page: it answers nobody who calls it by another.
    proxy: mode === "mock" ? undefined : { "/api": { target: SERVER, ws: true, changeOrigin: true, headers: { origin: SERVER } } },
  },
  build: {
    target: "safari16.4",
    chunkSizeWarningLimit: 700,
    // One self-contained origin under a strict CSP: never inline assets as data URLs except tiny images.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: "charts", test: /node_modules[\\/](echarts|zrender|tslib)[\\/]/ },
            { name: "vendor", test: /node_modules[\\/]/ },
          ],
        },
      },
    },
  },
  test: { environment: "jsdom", setupFiles: ["./src/test-setup.ts"], restoreMocks: true },
}));
