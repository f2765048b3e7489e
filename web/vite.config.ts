import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';
import { digest } from './sources.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const gateway = process.env.AETHERIST_URL ?? 'http://127.0.0.1:8000';

/** Write build.json, which says of which sources this build is. */
function provenance(): Plugin {
  return {
    name: 'provenance',
    apply: 'build',
    generateBundle() {
      const source = JSON.stringify({ sources: digest(here) }) + '\n';
      this.emitFile({ type: 'asset', fileName: 'build.json', source });
    }
  };
}

export default defineConfig({
  plugins: [svelte(), provenance()],
  build: {
    outDir: '../aetherist/serve/studio',
    emptyOutDir: true,
    // light-dark() and nesting are kept as they are written: every browser since the spring of 2024 has them.
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    // Nothing is inlined: the content security policy allows no data: scripts or fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900
  },
  server: {
    proxy: {
      '/v1': { target: gateway, ws: true },
      '/openapi.json': gateway,
      '/readyz': gateway
    }
  }
});
