// Builds the page to dist/. Paths are relative, so that it works under any prefix of a reverse proxy.
// LONGSHORE_ADDR tells the development server where the API is.
import { svelte } from '@sveltejs/vite-plugin-svelte'
import { defineConfig } from 'vite'

const api = process.env.LONGSHORE_ADDR ?? 'http://localhost:3100'

export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The first ones that know light-dark(), which the style sheet is written with.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // Nothing becomes a data: address, which a strict content security policy would refuse.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/loki': { target: api, ws: true, changeOrigin: true } } },
})
