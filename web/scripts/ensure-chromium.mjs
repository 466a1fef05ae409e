// Finds a Chromium for the tests, or brings one: a browser that is there, else the system's package manager where it
// may be used, else the test library's own download. Only when all fail it says what to install.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of a Chromium that is here, or null. @returns {string | null} */
export function findChromium() {
  const given = process.env.CHROMIUM
  if (given) return given
  const folders = ['/usr/bin', ...(process.env.PATH ?? '').split(delimiter)].filter((folder) => folder !== '')
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path))
  if (found) return found
  const own = chromium.executablePath()
  return existsSync(own) ? own : null
}

/** Makes sure that there is one. @returns {string | null} */
function ensureChromium() {
  return findChromium() ?? (installed() ? findChromium() : null) ?? (downloaded() ? findChromium() : null)
}

function installed() {
  if (process.getuid?.() !== 0) return false
  console.log('installing chromium with apt-get')
  if (run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])) return true
  return run('apt-get', ['update']) && run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'])
}

function downloaded() {
  console.log('downloading chromium with playwright')
  const cli = fileURLToPath(new URL('../node_modules/playwright-core/cli.js', import.meta.url))
  return run(process.execPath, [cli, 'install', '--with-deps', 'chromium']) || run(process.execPath, [cli, 'install', 'chromium'])
}

/** @param {string} program @param {string[]} parameters */
function run(program, parameters) {
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return spawnSync(program, parameters, { stdio: ['ignore', 'ignore', 'inherit'], env: environment }).status === 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = ensureChromium()
  if (path) console.log(`chromium: ${path}`)
  else {
    console.error('The tests of the page need Chromium. Install it (Debian, Ubuntu: apt-get install chromium) or set CHROMIUM to its path.')
    process.exit(1)
  }
}
