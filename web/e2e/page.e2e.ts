// The page in a real browser against the fake API.
import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launch, PATIENCE_MS, until } from './browser.ts'
import { makeEntries, makeEntry, seeded, type Entry } from './fake/lines.ts'
import { FakeServer } from './fake/server.ts'

const EVERYTHING = '{service_name=~".+"}'
const HOUR_MS = 3_600_000

let browser: Browser
let server: FakeServer

before(async () => {
  browser = await launch()
  server = await FakeServer.start([])
})

beforeEach(() => {
  server.entries = makeEntries(6000, Date.now() - 1000, HOUR_MS * 0.9)
  server.asked.length = 0
})

after(async () => {
  await browser.close()
  await server.stop()
})

type Scheme = 'light' | 'dark'

/** Opens the page, runs the test's part, and fails on any error that the page reports. */
async function open(search: string, run: (page: Page) => Promise<void>, colorScheme: Scheme = 'light'): Promise<void> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme, permissions: ['clipboard-read', 'clipboard-write'] })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    const refused = /status of 400|WebSocket/.test(message.text())
    if (message.type() === 'error' && !refused) problems.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().replace(/^ws/, 'http').startsWith(server.address)) problems.push(`request to ${request.url()}`)
  })
  try {
    await page.goto(server.address + search)
    await run(page)
    assert.deepEqual(problems, [])
  } finally {
    await context.close()
  }
}

function withQuery(query: string, more: Record<string, string> = {}): string {
  return `?${new URLSearchParams({ query, ...more }).toString()}`
}

async function queryInAddress(page: Page): Promise<string | null> {
  return new URL(page.url()).searchParams.get('query')
}

async function lines(page: Page): Promise<string[]> {
  return page.locator('.row .text').allTextContents()
}

function entry(service: string, line: string, offsetMs = 0): Entry {
  const made = makeEntry(Date.now() + offsetMs, seeded(1))
  return { ...made, line, labels: { ...made.labels, service_name: service } }
}

test('without a query it shows what there is, and a click leads to the lines', async () => {
  await open('', async (page) => {
    const frontend = page.locator('.card').first().getByRole('button', { name: /frontend/ })
    await frontend.waitFor()
    await page.locator('.legend').filter({ hasText: /6,000\s+lines/ }).waitFor()
    await frontend.click()
    await page.locator('.row').first().waitFor()
    assert.equal(await queryInAddress(page), '{service_name="frontend"}')
    assert.ok((await lines(page)).every((line) => line.startsWith('10.2.')))
    await page.goBack()
    await page.locator('.card').first().waitFor()
  })
})

test('an empty store says how to send the first line, and finds it when it comes', async () => {
  server.entries = []
  await open('', async (page) => {
    await page.getByRole('heading', { name: 'No logs yet' }).waitFor()
    assert.ok((await page.locator('.snippet').innerText()).includes(`curl ${server.address}loki/api/v1/push`))
    server.push([entry('hello', 'my first line')])
    await page.getByRole('button', { name: 'hello 1' }).first().waitFor()
  })
})

test('a typed query shows lines and a histogram by level, newest first', async () => {
  await open('', async (page) => {
    await page.getByRole('combobox', { name: 'Query' }).fill(`${EVERYTHING} |= "error"`)
    await page.keyboard.press('Enter')
    await page.locator('.row').first().waitFor()
    const shown = await lines(page)
    assert.ok(shown.length > 20 && shown.every((line) => line.includes('error')))
    assert.equal(await page.locator('.row mark').first().innerText(), 'error')
    const times = await page.locator('.row .when').allTextContents()
    assert.deepEqual(times, times.toSorted().toReversed())
    await page.locator('path.fill[data-level="error"]').waitFor()
    const counted = Number((await page.locator('.legend strong').innerText()).replace(',', ''))
    assert.equal(counted, server.entries.filter(({ line }) => line.includes('error')).length)
  })
})

test('completion offers labels and values of the streams, by keyboard alone', async () => {
  await open('', async (page) => {
    const bar = page.getByRole('combobox', { name: 'Query' })
    await bar.focus()
    await page.keyboard.type('{k8s_name')
    await page.getByRole('option', { name: 'k8s_namespace_name' }).waitFor()
    await page.keyboard.press('Tab')
    await page.getByRole('option', { name: /^=\s*is exactly$/ }).waitFor()
    await page.keyboard.press('Tab')
    await page.getByRole('option', { name: 'billing' }).waitFor()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    assert.equal(await bar.inputValue(), '{k8s_namespace_name="billing"')
    await page.keyboard.type(', service_name=""')
    await page.keyboard.press('ArrowLeft')
    await page.keyboard.press('Control+Space')
    await until('only what the other label leaves is offered', async () => {
      const offered = await page.getByRole('option').allInnerTexts()
      return offered.length === 1 && offered[0] === 'payments'
    })
    await page.keyboard.press('Escape')
    await page.getByRole('listbox').waitFor({ state: 'detached' })
  })
})

test('an opened line shows labels, metadata and fields; clicks on values filter', async () => {
  await open(withQuery('{service_name="checkout"}'), async (page) => {
    await page.locator('.row .line').first().click()
    await page.getByRole('button', { name: 'Parse JSON fields' }).click()
    await until('the parser is in the address', async () => (await queryInAddress(page)) === '{service_name="checkout"} | json')
    await until('nothing is open', async () => (await page.locator('.details').count()) === 0)
    await page.locator('.row .line').first().click()
    const tables = page.locator('.groups table')
    assert.deepEqual(await tables.locator('caption').allInnerTexts(), ['Labels select the stream', 'Metadata stored with the line', 'Fields parsed from the line'])
    const level = await tables.nth(2).getByRole('row', { name: /^level/ }).locator('.value').innerText()
    await tables.nth(2).getByRole('row', { name: /^level/ }).locator('.value').click()
    await until('the field filters', async () => (await queryInAddress(page)) === `{service_name="checkout"} | json | level="${level}"`)
    await until('nothing is open', async () => (await page.locator('.details').count()) === 0)
    await page.locator('.row .line').first().click()
    await page.getByRole('button', { name: /^Leave out k8s_namespace_name/ }).click()
    await page.getByRole('heading', { name: 'No lines match' }).waitFor()
    assert.equal(await queryInAddress(page), `{service_name="checkout", k8s_namespace_name!="shop"} | json | level="${level}"`)
    await page.getByRole('button', { name: 'Without the last filter' }).click()
    await until('the filter is gone', async () => (await queryInAddress(page))?.endsWith('| json'))
  })
})

test('a line can be copied as it was written', async () => {
  server.entries = [entry('api', 'tab\there  "and" \u001b[31mcolour\u001b[0m', -5000)]
  await open(withQuery(EVERYTHING), async (page) => {
    await page.locator('.row .line').first().click()
    assert.equal(await page.locator('.details .body').innerText(), 'tab\there  "and" colour')
    await page.getByRole('button', { name: 'Copy line' }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), server.entries[0]?.line)
  })
})

test('the list works by keyboard', async () => {
  await open(withQuery(EVERYTHING), async (page) => {
    await page.locator('.row').first().waitFor()
    await page.getByRole('treegrid').focus()
    for (let step = 0; step < 3; step += 1) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('.row[aria-rowindex="3"] .details').waitFor()
    await page.keyboard.press('Escape')
    await until('nothing is open', async () => (await page.locator('.details').count()) === 0)
    await page.keyboard.press('End')
    await page.locator('.row[aria-rowindex="1000"]').waitFor()
  })
})

test("the server's error stands under the query", async () => {
  await open(withQuery('{service_name="cart"'), async (page) => {
    const alert = page.getByRole('alert')
    await alert.waitFor()
    assert.match(await alert.innerText(), /^parse error at line 1, col 21/)
    await page.getByRole('combobox', { name: 'Query' }).fill('{service_name="cart"}')
    await page.getByRole('button', { name: 'Run' }).click()
    await page.locator('.row').first().waitFor()
    assert.equal(await alert.count(), 0)
  })
})

test('time range, limit and order are in the address, and the back button undoes them', async () => {
  await open(withQuery(EVERYTHING), async (page) => {
    await page.locator('.row').first().waitFor()
    await page.getByLabel('Order').selectOption('Oldest first')
    await page.getByLabel('Limit').selectOption('100')
    await page.getByRole('button', { name: 'Last hour' }).click()
    await page.getByRole('button', { name: 'Last 6 hours' }).click()
    await until('all is in the address', () => {
      const { searchParams } = new URL(page.url())
      return searchParams.get('direction') === 'forward' && searchParams.get('limit') === '100' && searchParams.get('from') === 'now-6h'
    })
    await page.getByRole('status').filter({ hasText: '100 lines' }).waitFor()
    const shared = page.url()
    await page.goBack()
    await page.getByRole('button', { name: 'Last hour' }).waitFor()
    await page.goBack()
    await page.getByRole('status').filter({ hasText: '1,000 lines' }).waitFor()
    await page.goto(shared)
    await page.getByRole('status').filter({ hasText: '100 lines' }).waitFor()
    const times = await page.locator('.row .when').allTextContents()
    assert.deepEqual(times, times.toSorted())
  })
})

test('a range of two instants can be typed', async () => {
  await open(withQuery(EVERYTHING), async (page) => {
    await page.getByRole('button', { name: 'Last hour' }).click()
    await page.getByLabel('From').fill('2026-01-02T10:00:00')
    await page.getByLabel('To', { exact: true }).fill('2026-01-02T09:00:00')
    await page.getByText('The end must be after the start.').waitFor()
    await page.getByLabel('To', { exact: true }).fill('2026-01-02T11:30:00')
    await page.getByRole('button', { name: 'Use this range' }).click()
    await page.getByRole('button', { name: '2026-01-02 10:00:00 – 11:30:00' }).waitFor()
    await page.getByRole('button', { name: 'Look at the last 6 hours' }).click()
    await page.locator('.row').first().waitFor()
  })
})

test('a drag over the histogram narrows the range', async () => {
  await open(withQuery(EVERYTHING), async (page) => {
    await page.locator('path.fill').first().waitFor()
    const box = await page.locator('.histogram .plot').boundingBox()
    assert.ok(box)
    await page.mouse.move(box.x + 400, box.y + 40)
    await page.mouse.down()
    await page.mouse.move(box.x + 600, box.y + 40, { steps: 4 })
    await page.locator('rect.selection').waitFor()
    await page.mouse.up()
    await until('the range is in the address', () => new URL(page.url()).searchParams.has('to'))
    const { searchParams } = new URL(page.url())
    const width = Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')
    assert.ok(width > HOUR_MS / 10 && width < HOUR_MS / 4, `${width} ms`)
    await page.goBack()
    await page.getByRole('button', { name: 'Last hour' }).waitFor()
  })
})

test('5,000 lines scroll with few of them in the document, also wrapped', async () => {
  await open(withQuery(EVERYTHING, { limit: '5000' }), async (page) => {
    await page.getByRole('status').filter({ hasText: '5,000 lines' }).waitFor()
    const list = page.getByRole('treegrid')
    for (const wrapped of [false, true]) {
      if (wrapped) await page.getByRole('button', { name: 'Wrap lines' }).click()
      for (const share of [0.25, 0.5, 0.75, 1]) {
        await list.evaluate((element, to) => (element.scrollTop = element.scrollHeight * to), share)
        await until(`rows are in sight at ${share}`, () =>
          list.evaluate((element) => {
            const frame = element.getBoundingClientRect()
            const rows = [...element.querySelectorAll('.row')].map((row) => row.getBoundingClientRect())
            return rows.some(({ top }) => top <= frame.top + 1) && rows.some(({ bottom }) => bottom >= frame.bottom - 1)
          }),
        )
        assert.ok((await page.locator('.row').count()) < 90)
      }
      await page.locator('.row[aria-rowindex="5000"]').waitFor()
    }
  })
})

test('the live tail shows new lines, pauses while the reader scrolls, and follows again', async () => {
  await open(withQuery('{service_name="live"}', { live: '1' }), async (page) => {
    await until('the tail is open', () => server.tails === 1)
    await page.getByRole('heading', { name: 'Waiting for the first line' }).waitFor()
    server.push([entry('live', 'line one'), entry('other', 'not this one')])
    await page.getByText('line one').waitFor()
    server.push(Array.from({ length: 200 }, (_, index) => entry('live', `line ${index + 2}`, index)))
    await page.getByText('line 201', { exact: true }).waitFor()
    await page.getByText('following').waitFor()

    await page.getByRole('treegrid').evaluate((element) => (element.scrollTop = 1000))
    await page.getByText('paused').waitFor()
    const seen = await lines(page)
    server.push([entry('live', 'while paused', 500)])
    await page.getByRole('button', { name: 'Show 1 new line' }).waitFor()
    assert.deepEqual(await lines(page), seen)
    await page.getByRole('button', { name: 'Show 1 new line' }).click()
    await page.getByText('while paused').waitFor()
    assert.equal((await lines(page))[0], 'while paused')
  })
})

test('the live tail comes back after a break without a gap or a repetition, and says what was left out', async () => {
  server.entries = [entry('live', 'before', -5000)]
  await open(withQuery('{service_name="live"}', { live: '1' }), async (page) => {
    await until('the tail is open', () => server.tails === 1)
    server.push([entry('live', 'first', -100)])
    await page.locator('.row', { hasText: 'first' }).waitFor()
    server.breakTails()
    server.push([entry('live', 'during the break')])
    await page.getByText('during the break').waitFor()
    assert.deepEqual(await lines(page), ['during the break', 'first', 'before'])
    server.push([], 3)
    await page.getByText('3 lines were too fast for the live view').waitFor()
    await page.getByRole('button', { name: 'Live' }).click()
    await until('the tail is closed', () => server.tails === 0)
    assert.equal(new URL(page.url()).searchParams.get('live'), null)
  })
})

test('a live list with the oldest first stays at its end', async () => {
  server.entries = Array.from({ length: 100 }, (_, index) => entry('live', `old ${index}`, index - 5000))
  await open(withQuery('{service_name="live"}', { live: '1', direction: 'forward' }), async (page) => {
    await page.getByText('old 99').waitFor()
    await until('the tail is open', () => server.tails === 1)
    server.push(Array.from({ length: 50 }, (_, index) => entry('live', `new ${index}`, index)))
    await page.locator('.row', { hasText: 'new 49' }).waitFor()
    await page.getByText('following').waitFor()
  })
})

test('a metric query is a chart and a table', async () => {
  await open(withQuery(`sum by (service_name) (rate(${EVERYTHING}[1m]))`), async (page) => {
    await page.locator('path.series').first().waitFor()
    assert.equal(await page.locator('path.series').count(), 4)
    assert.deepEqual((await page.locator('.values tbody th').allInnerTexts()).toSorted(), ['cart', 'checkout', 'frontend', 'payments'])
  })
})

test("the theme follows the system until the reader chooses, and the choice is remembered", async () => {
  await open('', async (page) => {
    const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.equal(await background(), 'rgb(14, 20, 23)')
    await page.getByRole('button', { name: 'Use the light theme' }).click()
    assert.equal(await background(), 'rgb(246, 248, 248)')
    await page.reload()
    await page.getByRole('button', { name: 'Use the dark theme' }).waitFor()
    assert.equal(await background(), 'rgb(246, 248, 248)')
  }, 'dark')
})
