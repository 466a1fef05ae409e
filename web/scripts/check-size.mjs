// Fails when the first paint needs more compressed JavaScript than promised. Everything the page loads at first counts.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

/** Bytes, gzip: what a slow line brings in well under a second. */
const MOST_BYTES = 100_000

const dist = new URL('../dist/', import.meta.url)
const files = readdirSync(dist, { recursive: true }).map(String).filter((name) => /\.(js|css|html|svg)$/.test(name))
const sizes = files.map((name) => ({ name, bytes: gzipSync(readFileSync(new URL(name, dist)), { level: 6 }).length }))
const script = sizes.filter(({ name }) => name.endsWith('.js')).reduce((total, { bytes }) => total + bytes, 0)

for (const { name, bytes } of sizes) console.log(`${String(bytes).padStart(8)}  ${name}`)
console.log(`JavaScript, compressed: ${script} of at most ${MOST_BYTES} bytes`)
if (script > MOST_BYTES) process.exit(1)
