// Takes the picture of the page for the README: from a running Longshore where LONGSHORE_ADDR names one, else from the
// fake API. `npm run picture` writes docs/page.png.
import { fileURLToPath } from 'node:url'
import { launch, until } from './browser.ts'
import { makeEntries } from './fake/lines.ts'
import { FakeServer } from './fake/server.ts'

const PICTURE = fileURLToPath(new URL('../../docs/page.png', import.meta.url))
const QUERY = process.env.PICTURE_QUERY ?? '{k8s_namespace_name="shop", service_name!="web"}'
const RANGE = process.env.PICTURE_RANGE ?? 'now-15m'

/** A line with levels and fields makes a better picture than the first one; opened it shows what a line has. */
const OPENED = process.env.PICTURE_LINE ?? 'msg="payment captured"'

async function take(): Promise<void> {
  const fake = process.env.LONGSHORE_ADDR ? null : await FakeServer.start(makeEntries(6000, Date.now(), 3_600_000))
  const browser = await launch()
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, colorScheme: 'dark' })
  const address = new URL(process.env.LONGSHORE_ADDR ?? fake?.address ?? '')
  address.search = new URLSearchParams({ query: QUERY, from: RANGE }).toString()
  await page.goto(address.href)
  await page.locator('.histogram path.fill').first().waitFor()
  await page.locator('.row').first().waitFor()
  const line = page.locator('.row .line', { hasText: OPENED }).first()
  if ((await line.count()) > 0) {
    await line.click()
    await until('the line is open', async () => (await page.locator('.details').count()) === 1)
  }
  await page.screenshot({ path: PICTURE })
  await browser.close()
  await fake?.stop()
}

await take()
console.log(PICTURE)
