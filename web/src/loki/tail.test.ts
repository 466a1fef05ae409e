import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toRows } from './rows.ts'
import { Tail, type Socket, type TailState } from './tail.ts'

/** A tail whose sockets and clock the test moves. */
function start(shown: [string, string][] = [], startNs = '100') {
  const sockets: (Socket & { url: string; closed: boolean })[] = []
  const lines: string[] = []
  const states: string[] = []
  const pauses: { action: () => void; pauseMs: number }[] = []
  let dropped = 0
  const tail = new Tail(
    {
      url: (from) => from,
      startNs,
      shown: toRows([{ stream: { app: 'a' }, values: shown }], 'forward', new Set()),
      indexed: new Set(['app']),
      open(url) {
        const socket = { url, closed: false, onopen: null, onmessage: null, onclose: null, close: () => void (socket.closed = true) }
        sockets.push(socket)
        return socket
      },
      later(action, pauseMs) {
        const pause = { action, pauseMs }
        pauses.push(pause)
        return () => void (pause.action = () => {})
      },
    },
    {
      rows: (rows) => void lines.push(...rows.map(({ line }) => line)),
      dropped: (count) => void (dropped += count),
      state: (state: TailState) => void states.push(state.kind),
    },
  )
  const send = (values: [string, string][]) => sockets.at(-1)?.onmessage?.({ data: JSON.stringify({ streams: [{ stream: { app: 'a' }, values }] }) })
  const fail = () => sockets.at(-1)?.onclose?.({ code: 1006, reason: '' })
  return { tail, sockets, lines, states, pauses, send, fail, dropped: () => dropped }
}

test('it begins where the list ends and repeats nothing', () => {
  const { sockets, lines, send } = start([['100', 'old']])
  assert.equal(sockets[0]?.url, '100')
  send([['100', 'old'], ['100', 'same instant'], ['101', 'new']])
  assert.deepEqual(lines, ['same instant', 'new'])
})

test('after a break it resumes at the last entry, with growing pauses', () => {
  const { sockets, lines, states, pauses, send, fail } = start()
  sockets[0]?.onopen?.()
  send([['200', 'a'], ['200', 'b']])
  fail()
  pauses.at(-1)?.action()
  assert.equal(sockets[1]?.url, '200')
  fail()
  pauses.at(-1)?.action()
  fail()
  assert.deepEqual(pauses.map(({ pauseMs }) => pauseMs), [500, 1000, 2000])
  pauses.at(-1)?.action()
  send([['200', 'b'], ['201', 'c']])
  fail()
  assert.equal(pauses.at(-1)?.pauseMs, 500)
  assert.deepEqual(lines, ['a', 'b', 'c'])
  assert.deepEqual(states.slice(0, 4), ['connecting', 'live', 'waiting', 'connecting'])
})

test('the pause between attempts is bounded', () => {
  const { pauses, fail } = start()
  for (let attempt = 0; attempt < 20; attempt += 1) {
    fail()
    pauses.at(-1)?.action()
  }
  assert.equal(Math.max(...pauses.map(({ pauseMs }) => pauseMs)), 15_000)
})

test('what the server left out is reported', () => {
  const { sockets, dropped } = start()
  sockets[0]?.onmessage?.({ data: '{"streams":null,"dropped_entries":[{"labels":"{}","timestamp":"1"},{"labels":"{}","timestamp":"2"}]}' })
  assert.equal(dropped(), 2)
})

test('a stopped tail is closed and does not come back', () => {
  const running = start()
  running.tail.stop()
  assert.equal(running.sockets[0]?.closed, true)
  const broken = start()
  broken.fail()
  broken.tail.stop()
  broken.pauses.at(-1)?.action()
  assert.equal(broken.sockets.length, 1)
})
