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
  test: { environment: 'jsdom', setupFiles: ['src/setup-tests.ts'], env: { TZ: 'Europe/Berlin' } },
})
