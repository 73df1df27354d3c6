import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** The server that `npm run dev` asks for everything below `/api`. */
const server = process.env['SEGUE_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: '/ui/',
  plugins: [svelte()],
  worker: { format: 'es' },
  build: {
    outDir: 'build',
    target: 'es2023',
    // No inline script and no data: URL, because the policy of the pages refuses both.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    // A page would wait for a style sheet of its own until the browser has drawn the frame. All styles together are small.
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  // The server accepts changes from its own pages only, so requests have its origin.
  server: { proxy: { '/api': { target: server, changeOrigin: true, headers: { Origin: server } } } },
  test: { include: ['src/**/*.test.ts', 'tests/*.test.ts'], environment: 'node' },
});
