// The page against the real program, where LONGSHORE_BIN names one: `longshore up --demo` on a free port and a fresh folder.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, PATIENCE_MS, until } from './browser.ts'

const program = process.env.LONGSHORE_BIN
const skip = program ? false : 'LONGSHORE_BIN is not set'

let browser: Browser
let longshore: ChildProcess
let folder: string
let address: string
let said = ''

before(async () => {
  if (!program) return
  browser = await launch()
  folder = await mkdtemp(join(tmpdir(), 'longshore-page-'))
  longshore = spawn(program, ['up', '--demo', '--listen', '127.0.0.1:0', '--data', join(folder, 'data')], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  for (const stream of [longshore.stdout, longshore.stderr]) stream?.on('data', (chunk) => (said += String(chunk)))
  address = await until('it says where the page is', () => {
    if (longshore.exitCode !== null) throw new Error(`longshore ended with ${longshore.exitCode}: ${said}`)
    return /http:\/\/[\w.:[\]]+:\d+/.exec(said)?.[0]
  })
})

after(async () => {
  if (!program) return
  await browser.close()
  const ended = once(longshore, 'exit')
  longshore.kill('SIGINT')
  assert.deepEqual(await ended, [0, null], said)
  await rm(folder, { recursive: true })
})

async function open(params: Record<string, string>, run: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
  page.setDefaultTimeout(PATIENCE_MS)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()))
  try {
    await page.goto(`${address}/?${new URLSearchParams(params).toString()}`)
    await run(page)
    assert.deepEqual(problems, [])
  } finally {
    await page.close()
  }
}

test('the first lines of the demo appear by themselves', { skip }, async () => {
  await open({}, async (page) => {
    await page.locator('.card').first().getByRole('button').first().waitFor()
    await until('the histogram counts lines', async () => /[1-9]/.test(await page.locator('.legend strong').innerText()))
    assert.equal(await page.locator('.card h3').first().innerText(), 'service_name')
  })
})

test('a service opens to lines with labels and metadata told apart', { skip }, async () => {
  await open({ query: '{service_name=~".+"} | json' }, async (page) => {
    await page.locator('.row .line').first().click()
    const captions = page.locator('.groups caption')
    await captions.first().waitFor()
    assert.ok((await captions.allInnerTexts()).includes('Metadata stored with the line'))
    assert.equal(await page.locator('.legend').getByText('No histogram').count(), 0)
  })
})

test('live lines arrive', { skip }, async () => {
  await open({ query: '{service_name=~".+"}', live: '1' }, async (page) => {
    await page.getByText('following').waitFor()
    const count = async () => Number((await page.locator('.summary strong').innerText()).replaceAll(',', ''))
    const atFirst = await count()
    await until('more lines are shown', async () => (await count()) > atFirst)
    await page.locator('.row .line').first().click()
    assert.ok((await page.locator('.groups caption').allInnerTexts()).some((text) => text.startsWith('Labels')))
  })
})
