// Starts Chromium for the tests: quiet, without any request of its own, and waits on conditions, never on time.
import { setTimeout as pause } from 'node:timers/promises'
import { chromium, type Browser } from 'playwright-core'
import { findChromium } from '../scripts/ensure-chromium.mjs'

/** A condition that is not met by then never will be; two slow cores are allowed for. */
export const PATIENCE_MS = 20_000
const LOOK_AGAIN_MS = 25

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function launch(): Promise<Browser> {
  const executablePath = findChromium()
  if (!executablePath) throw new Error('no Chromium: run node scripts/ensure-chromium.mjs')
  return chromium.launch({ executablePath, args: FLAGS, timeout: 60_000 })
}

/** Waits until the probe gives something true, and returns it; fails with the description and the last value. */
export async function until<T>(description: string, probe: () => Promise<T> | T): Promise<NonNullable<T>> {
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await probe()
    if (value) return value
    if (performance.now() > deadline) throw new Error(`waited in vain until ${description}; last value: ${JSON.stringify(value)}`)
    await pause(LOOK_AGAIN_MS)
  }
}
