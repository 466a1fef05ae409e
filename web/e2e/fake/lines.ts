// Made-up log lines of a small shop, the same ones for the same seed, for the fake API.

export interface Entry {
  timeNs: bigint
  line: string
  labels: Record<string, string>
  metadata: Record<string, string>
}

type Write = (random: () => number) => { line: string; level: string }

interface Service {
  name: string
  namespace: string
  weight: number
  write: Write
}

const ORDERS = ['placed', 'paid', 'packed', 'shipped']
const PATHS = ['/', '/cart', '/api/products', '/api/orders', '/static/app.js', '/search?q=lamp']

function pick<T>(items: T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T
}

function hex(length: number, random: () => number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join('')
}

const checkout: Write = (random) => {
  const level = random() < 0.06 ? 'error' : random() < 0.1 ? 'warn' : 'info'
  const message = { error: 'error charging card: gateway timeout', warn: 'retrying payment', info: `order ${pick(ORDERS, random)}` }[level]
  return { level, line: JSON.stringify({ level, msg: message, order_id: `o-${hex(6, random)}`, duration_ms: Math.floor(random() * 900), trace_id: hex(32, random) }) }
}

const cart: Write = (random) => {
  const level = random() < 0.03 ? 'error' : random() < 0.35 ? 'debug' : 'info'
  const message = level === 'error' ? 'cache unreachable' : level === 'debug' ? 'cache hit' : 'item added'
  return { level, line: `level=${level} msg="${message}" user=u-${hex(4, random)} sku=LAMP-${Math.floor(random() * 90)} took=${Math.floor(random() * 40)}ms` }
}

const frontend: Write = (random) => {
  const status = random() < 0.02 ? 502 : random() < 0.06 ? 404 : 200
  const line = `10.2.${Math.floor(random() * 9)}.${Math.floor(random() * 250)} - - "GET ${pick(PATHS, random)} HTTP/1.1" ${status} ${Math.floor(random() * 9000)} "-" "Mozilla/5.0"`
  return { level: status === 502 ? 'error' : 'info', line }
}

const payments: Write = (random) => {
  if (random() > 0.08) return { level: 'info', line: `INFO  [worker-${Math.floor(random() * 8)}] c.s.payments.Ledger - booked ${Math.floor(random() * 400)}.00 EUR` }
  const frames = ['com.shop.payments.Gateway.charge(Gateway.java:88)', 'com.shop.payments.Ledger.book(Ledger.java:41)', 'java.base/java.lang.Thread.run(Thread.java:1583)']
  return { level: 'critical', line: `FATAL [worker-1] c.s.payments.Ledger - booking failed\njava.net.SocketTimeoutException: Read timed out\n${frames.map((frame) => `\tat ${frame}`).join('\n')}` }
}

const SERVICES: Service[] = [
  { name: 'frontend', namespace: 'shop', weight: 5, write: frontend },
  { name: 'checkout', namespace: 'shop', weight: 3, write: checkout },
  { name: 'cart', namespace: 'shop', weight: 3, write: cart },
  { name: 'payments', namespace: 'billing', weight: 1, write: payments },
]

const LOTS = SERVICES.flatMap((service) => Array.from({ length: service.weight }, () => service))

/** Numbers in [0, 1), the same for the same seed. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

/** One entry at an instant. */
export function makeEntry(timeMs: number, random: () => number): Entry {
  const service = pick(LOTS, random)
  const { line, level } = service.write(random)
  const labels = {
    service_name: service.name,
    k8s_namespace_name: service.namespace,
    k8s_container_name: service.name,
    k8s_pod_name: `${service.name}-7d9f8-${random() < 0.5 ? 'x2x4z' : 'kp5qd'}`,
  }
  const metadata = { detected_level: level, log_iostream: level === 'info' ? 'stdout' : 'stderr' }
  return { timeNs: BigInt(Math.floor(timeMs)) * 1_000_000n + BigInt(Math.floor(random() * 999_999)), line, labels, metadata }
}

/** `count` entries before `endMs`, oldest first, denser in waves. */
export function makeEntries(count: number, endMs: number, spanMs: number, seed = 7): Entry[] {
  const random = seeded(seed)
  const entries = Array.from({ length: count }, (_, index) => {
    const share = index / count
    return makeEntry(endMs - spanMs * (1 - share) + (Math.sin(share * 40) * spanMs) / 200, random)
  })
  return entries.toSorted((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0))
}
