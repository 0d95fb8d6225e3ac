import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { webLimits } from '../../src/limits.ts'
import { type Command, type Connection, isTrusted, type LinkEvent, startConnection, stepConnection } from '../../src/web/connection.ts'

/** Plays events at times and notes what was commanded. */
function play(events: readonly (readonly [number, LinkEvent])[], from: Connection = startConnection(0)): { connection: Connection; commands: readonly (readonly [number, Command])[] } {
  let connection = from
  const commands: (readonly [number, Command])[] = []
  for (const [at, event] of events) {
    const step = stepConnection(connection, event, at)
    connection = step.connection
    commands.push(...step.commands.map((command) => [at, command] as const))
  }
  return { connection, commands }
}

const tick: LinkEvent = { kind: 'tick' }
const beat = (seq: number): LinkEvent => ({ kind: 'heartbeat', seq })
const LIVE = play([[0, tick], [50, { kind: 'opened' }], [60, { kind: 'snapshot' }], [100, beat(1)]]).connection

const ticks = (from: number, to: number): readonly (readonly [number, LinkEvent])[] =>
  Array.from({ length: Math.floor((to - from) / webLimits.lookEveryMs) + 1 }, (_, index) => [from + index * webLimits.lookEveryMs, tick] as const)

describe('a page that hears the gateway', () => {
  test('is receiving only after a whole snapshot and then a heartbeat', () => {
    const steps: readonly LinkEvent[] = [tick, { kind: 'opened' }, beat(1), { kind: 'snapshot' }, beat(2)]
    const seen = steps.map((_, index) => play(steps.slice(0, index + 1).map((event, at) => [at, event] as const)).connection.reception)
    expect(seen).toEqual(['starting', 'starting', 'starting', 'starting', 'receiving'])
  })

  test('takes messages into the ward only after a snapshot', () => {
    const opened = play([[0, tick], [50, { kind: 'opened' }]]).connection
    expect([isTrusted(opened.link), isTrusted(LIVE.link)]).toEqual([false, true])
  })
})

describe('a page that does not', () => {
  test('says so after four seconds without a heartbeat on an open socket, and opens another', () => {
    const before = play(ticks(200, 4_050), LIVE)
    expect(before.connection.reception).toBe('receiving')
    const after = play([[4_100, tick]], before.connection)
    expect(after.connection.reception).toBe('silent')
    expect(after.commands).toEqual([[4_100, 'close'], [4_100, 'open']])
  })

  test('notices within five seconds at the pace at which it looks', () => {
    expect(webLimits.silentAfterMs + webLimits.lookEveryMs).toBeLessThan(5_000)
  })

  test('is not comforted by other messages', () => {
    const chatter = Array.from({ length: 20 }, (_, index) => [300 + index * 200, { kind: 'message' }] as const)
    expect(play(chatter, LIVE).connection.reception).toBe('silent')
  })

  test('is not comforted by heartbeats of rules that stand still', () => {
    const frozen = Array.from({ length: 5 }, (_, index) => [1_100 + index * 1_000, beat(1)] as const)
    expect(play(frozen, LIVE).connection.reception).toBe('silent')
  })

  test('is not comforted by the same frozen heartbeat over a new connection', () => {
    const silent = play(ticks(200, 4_200), LIVE).connection
    const again = play([[4_300, { kind: 'opened' }], [4_310, { kind: 'snapshot' }], [4_400, beat(1)]], silent).connection
    expect(again.reception).toBe('silent')
  })

  test('stays calm when the gateway restarts and is back within four seconds', () => {
    const back = play([[500, { kind: 'closed' }], ...ticks(600, 1_100), [1_200, { kind: 'opened' }], [1_250, { kind: 'snapshot' }], [2_000, beat(1_000)]], LIVE)
    expect(back.connection.reception).toBe('receiving')
    expect(back.commands).toEqual([[1_100, 'open']])
  })

  test('says so when the sockets are refused', () => {
    const refused = ticks(600, 5_000).flatMap(([at, event]) => [[at, event] as const, [at + 1, { kind: 'closed' }] as const])
    expect(play([[500, { kind: 'closed' }], ...refused], LIVE).connection.reception).toBe('silent')
  })

  test('says so when it never heard anything at all', () => {
    expect(play(ticks(0, 4_000)).connection.reception).toBe('silent')
  })

  test('clears at the first heartbeat after a fresh snapshot, not before', () => {
    const silent = play(ticks(200, 4_200), LIVE).connection
    const opened = play([[4_300, { kind: 'opened' }], [4_310, { kind: 'snapshot' }]], silent).connection
    expect(opened.reception).toBe('silent')
    expect(play([[4_400, beat(2)]], opened).connection.reception).toBe('receiving')
  })

  test('does not believe what waited while the page was blocked', () => {
    const woken = play([[60_000, beat(2)], [60_001, beat(3)], [60_002, { kind: 'message' }]], LIVE)
    expect(woken.connection.reception).toBe('silent')
    expect(isTrusted(woken.connection.link)).toBe(false)
    expect(woken.commands).toEqual([[60_000, 'close'], [60_000, 'open']])
  })

  test('drops a connection that opens and then sends no snapshot, or a snapshot and no heartbeat', () => {
    const silent = play(ticks(200, 4_200), LIVE).connection
    const mute = play([[4_300, { kind: 'opened' }], ...ticks(4_400, 8_450)], silent)
    const deaf = play([[4_300, { kind: 'opened' }], [4_310, { kind: 'snapshot' }], ...ticks(4_400, 8_450)], silent)
    expect(mute.commands.map(([, command]) => command)).toEqual(['close', 'open'])
    expect(deaf.commands.map(([, command]) => command)).toEqual(['close', 'open'])
  })
})

describe('reconnecting', () => {
  const openings = (until: number, outcome: LinkEvent | null): readonly number[] => {
    let connection = play([[500, { kind: 'closed' }]], LIVE).connection
    const opened: number[] = []
    for (let now = 600; now < until; now += 50) {
      const step = stepConnection(connection, tick, now)
      connection = step.connection
      if (!step.commands.includes('open')) continue
      opened.push(now)
      if (outcome !== null) connection = stepConnection(connection, outcome, now + 10).connection
    }
    return opened
  }
  const gaps = (times: readonly number[]): readonly number[] => times.slice(1).map((at, index) => at - (times[index] ?? 0))

  test('waits at least half a second and, while the outage is young, at most one', () => {
    const between = gaps(openings(50_000, { kind: 'closed' }))
    expect(Math.min(...between)).toBeGreaterThanOrEqual(500)
    expect(Math.max(...between)).toBeLessThanOrEqual(1_050)
  })

  test('slows down to five seconds when the outage is long', () => {
    const late = gaps(openings(300_000, { kind: 'closed' })).slice(-5)
    expect(late.every((gap) => gap >= 5_000 && gap <= 5_050)).toBe(true)
  })

  test('gives up an attempt that hangs in good time to be back within three seconds of a short outage', () => {
    expect(Math.max(...gaps(openings(50_000, null)))).toBeLessThanOrEqual(1_600)
  })

  test('is more patient with a bad network when the outage is long', () => {
    expect(Math.min(...gaps(openings(300_000, null)).slice(-5))).toBeGreaterThanOrEqual(5_000)
  })

  test('stops when the gateway does not know us, and when another window took our place', () => {
    for (const kind of ['denied', 'replaced'] as const) {
      const after = play([[500, { kind }], ...ticks(600, 20_000)], LIVE)
      expect(after.connection.link.kind).toBe(kind)
      expect(after.commands).toEqual([[500, 'close']])
    }
  })
})

test('whatever happens, a page says that it is receiving only while a new heartbeat was heard less than four seconds ago', () => {
  const event: fc.Arbitrary<LinkEvent> = fc.oneof(
    fc.constantFrom<LinkEvent>({ kind: 'tick' }, { kind: 'opened' }, { kind: 'closed' }, { kind: 'snapshot' }, { kind: 'message' }),
    fc.integer({ min: 1, max: 6 }).map((seq): LinkEvent => ({ kind: 'heartbeat', seq })),
  )
  fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), event), { maxLength: 80 }), (events) => {
    let now = 0
    let connection = startConnection(now)
    let newsAt = Number.NEGATIVE_INFINITY
    let seen: number | null = null
    for (const [passedMs, next] of events) {
      now += passedMs
      connection = stepConnection(connection, next, now).connection
      if (next.kind === 'heartbeat' && next.seq !== seen) newsAt = now
      if (connection.lastSeq !== null) seen = connection.lastSeq
      if (connection.reception === 'receiving') expect(now - newsAt).toBeLessThan(webLimits.silentAfterMs)
    }
  }), { numRuns: 500 })
})
