import react from '@vitejs/plugin-react'
import { loadEnv } from 'vite'
import { defineConfig } from 'vitest/config'

// In development, `npm run dev` serves the pages and hands the API on to a
// daemon, or to `go run ./web/uitest/serve`.
// TOCSIN_UI_DAEMON names another one.
const daemon = loadEnv('development', '.', 'TOCSIN_UI')['TOCSIN_UI_DAEMON'] ?? 'http://127.0.0.1:9098'

export default defineConfig({
  plugins: [react()],
  build: { target: 'es2023', cssCodeSplit: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: { proxy: { '/api': daemon, '/-': daemon, '/metrics': daemon } },
  // The editor's library has two forms; tests in Node would take the one that
  // brings a second copy of the editor with it.
  test: { testTimeout: 60_000, alias: { '@prometheus-io/codemirror-promql': '@prometheus-io/codemirror-promql/dist/esm/index.js' }, environment: 'jsdom', setupFiles: ['src/setup-tests.ts'], env: { TZ: 'Europe/Berlin' }, server: { deps: { inline: [/@prometheus-io/] } } },
})
