import { existsSync, readFileSync } from 'node:fs'
import { Message } from 'node-hl7-client'
import { afterEach, describe, expect, it } from 'vitest'
import { parseRecording, type Recording, replay, type ReplayOptions } from '../../simulators/replay.ts'
import { simulatorLimits } from '../../src/limits.ts'
import { realClock, REAL_TIME } from '../../src/ops/clock.ts'
import { type Answer, fakeGateway, type FakeGateway } from './fake-gateway.ts'

const REAL = new URL('../../../shared/data/mimic-numerics/s00001.csv', import.meta.url)
const SMALL = `minute,HR,ABPSys,ABPDias,ABPMean,PULSE,RESP,SpO2,NBPSys,NBPDias,NBPMean,ICP
0,0.0,0.0,0.0,0.0,0.0,23.0,0.0,,,,5
1,62.8,0.0,0.0,0.0,18.5,12.7,97.0,120.0,60.0,80.0,5
3,57.8,,,,,10.2,-1,,,,
`

const recordingOf = (text: string): Recording => {
  const parsed = parseRecording(text)
  if (parsed.kind === 'wrong') throw new Error(parsed.why)
  return parsed.recording
}

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function gatewayThat(answer?: (text: string, nth: number) => Answer): Promise<FakeGateway> {
  const gateway = await fakeGateway(answer)
  closing.push(gateway.close)
  return gateway
}

const FIRST = Date.UTC(2026, 0, 1)
const options = (port: number, recording: Recording, change: Partial<ReplayOptions> = {}): ReplayOptions => ({
  recording, device: 'recorder', bed: null, host: '127.0.0.1', port, pace: { kind: 'placed', firstAt: FIRST }, clock: realClock(REAL_TIME),
  stop: new AbortController().signal, note: () => undefined, progress: () => undefined, ...change,
})

type Row = { readonly value: string; readonly status: string }
function rowsOf(text: string): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>()
  for (const segment of new Message({ text }).get('OBX').toArray()) {
    const field = (path: string): string => segment.get(`OBX.${path}`).toString()
    if (field('2') === 'NM') rows.set(field('3.2'), { value: field('5'), status: field('11') })
  }
  return rows
}

describe('a recording', () => {
  it('takes empty, zero and negative cells for no signal, and keeps the text of the others', () => {
    const { columns, rows, unknown } = recordingOf(SMALL)
    const cells = (row: number): Record<string, string | null> => Object.fromEntries(columns.map((name, index) => [name, rows[row]?.values[index] ?? null]))
    expect(cells(0)).toMatchObject({ HR: null, RESP: '23.0', SpO2: null, NBPSys: null })
    expect(cells(1)).toMatchObject({ HR: '62.8', PULSE: '18.5', NBPMean: '80.0' })
    expect(cells(2)).toMatchObject({ HR: '57.8', SpO2: null, ABPSys: null })
    expect(unknown).toEqual(['ICP'])
  })

  it.each([
    ['without a minute', 'HR\n1', 'line 1'],
    ['without a known column', 'minute,ICP\n0,5', 'line 1'],
    ['with a short row', 'minute,HR\n0', 'line 2: 1 cells'],
    ['with a word for a number', 'minute,HR\n0,fast', 'line 2: "fast" is not a number'],
    ['with an infinite number', 'minute,HR\n0,1e999', 'line 2'],
    ['that goes back in time', 'minute,HR\n5,60\n4,60', 'line 3: the minute'],
    ['without rows', 'minute,HR\n', 'no rows'],
  ])('%s is refused, and says where', (_, text, why) => {
    const parsed = parseRecording(text)
    expect(parsed.kind === 'wrong' ? parsed.why : '').toContain(why)
  })

  it('holds no more rows than its bound', () => {
    const text = `minute,HR\n${Array.from({ length: simulatorLimits.recordingRowsMax + 1 }, (_, minute) => `${minute},60`).join('\n')}`
    expect(parseRecording(text).kind).toBe('wrong')
  })
})

describe('a replay', () => {
  it('sends each row once, with its values as they stand and missing ones as invalid, never as zero', async () => {
    const gateway = await gatewayThat()
    const result = await replay(options(gateway.port, recordingOf(SMALL)))
    expect(result).toMatchObject({ gaveUp: null, messages: { sent: 3, acknowledged: 3 } })
    expect(gateway.frames).toHaveLength(3)
    const [, second] = gateway.frames.map(rowsOf)
    expect(second?.get('MDC_ECG_HEART_RATE')).toEqual({ value: '62.8', status: 'R' })
    expect(second?.get('MDC_PRESS_BLD_NONINV_SYS')).toEqual({ value: '120.0', status: 'R' })
    for (const rows of gateway.frames.map(rowsOf)) for (const { value, status } of rows.values()) expect(value === '' ? status === 'X' : Number(value) > 0 && status === 'R').toBe(true)
    expect(gateway.frames.map(rowsOf).map((rows) => rows.size)).toEqual([10, 10, 10])
  })

  it('counts the valid samples of each metric, and those that a gateway may refuse', async () => {
    const gateway = await gatewayThat()
    const { counts } = await replay(options(gateway.port, recordingOf(SMALL)))
    const of = (column: string) => counts.find((count) => count.column === column)
    expect(of('HR')).toEqual({ column: 'HR', metric: 'MDC_ECG_HEART_RATE', sent: 2, acknowledged: 2, refused: 0, unusual: 0 })
    expect(of('PULSE')).toMatchObject({ sent: 1, acknowledged: 1, unusual: 1 })
    expect(of('SpO2')).toMatchObject({ sent: 1 })
    expect(of('ABPSys')).toMatchObject({ sent: 0, acknowledged: 0 })
  })

  it('says when each row was measured, and that it is sent now', async () => {
    const gateway = await gatewayThat()
    const before = Date.now()
    await replay(options(gateway.port, recordingOf(SMALL)))
    const times = gateway.frames.map((text) => {
      const message = new Message({ text })
      return { sent: message.get('MSH.7').toString(), observed: message.get('OBR.7').toString() }
    })
    expect(times.map(({ observed }) => observed)).toEqual(['20260101000000.0000+0000', '20260101000100.0000+0000', '20260101000300.0000+0000'])
    for (const { sent } of times) expect(Date.parse(sent.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d).*$/, '$1-$2-$3T$4:$5:$6Z'))).toBeGreaterThanOrEqual(before - 1_000)
  })

  it('sends the same row again until it is acknowledged, and counts it once', async () => {
    const gateway = await gatewayThat((_, nth) => (nth === 2 ? 'hang-up' : 'AA'))
    const result = await replay(options(gateway.port, recordingOf(SMALL)))
    expect(result.messages).toEqual({ sent: 3, acknowledged: 3 })
    expect(gateway.frames).toHaveLength(4)
    expect(gateway.frames[2]).toBe(gateway.frames[1])
  })

  it('counts what was refused for good as not acknowledged', async () => {
    const gateway = await gatewayThat((_, nth) => (nth === 2 ? 'AR' : 'AA'))
    const { counts, messages } = await replay(options(gateway.port, recordingOf(SMALL)))
    expect(messages).toEqual({ sent: 3, acknowledged: 2 })
    expect(counts.find(({ column }) => column === 'HR')).toMatchObject({ sent: 2, acknowledged: 1, refused: 1 })
  })

  it('gives up when nobody answers, and says so', async () => {
    const gateway = await gatewayThat(() => null)
    const result = await replay(options(gateway.port, recordingOf(SMALL), { patienceMs: 200 }))
    expect(result.gaveUp).toContain('no acknowledgement for 0.2 s')
    expect(result.messages).toEqual({ sent: 1, acknowledged: 0 })
  })

  it('never uses a message id of an earlier run', async () => {
    const gateway = await gatewayThat()
    const clock = realClock(REAL_TIME)
    const later = { ...clock, wall: () => clock.wall() }
    await replay(options(gateway.port, recordingOf(SMALL)))
    await new Promise((resolve) => setTimeout(resolve, 2))
    await replay(options(gateway.port, recordingOf(SMALL), { clock: later }))
    const ids = gateway.frames.map((text) => new Message({ text }).get('MSH.10').toString())
    expect(new Set(ids).size).toBe(6)
    for (const id of ids) expect(id.length).toBeLessThanOrEqual(20)
  })

  it('at a chosen speed measures each row when it sends it', async () => {
    const gateway = await gatewayThat()
    await replay(options(gateway.port, recordingOf(SMALL), { pace: { kind: 'live', speed: 100_000 } }))
    for (const text of gateway.frames) {
      const message = new Message({ text })
      expect(message.get('OBR.7').toString()).toBe(message.get('MSH.7').toString())
    }
  })

  it('sends every valid sample of the real recording', async (context) => {
    if (!existsSync(REAL)) context.skip(`the real recording is not here: ${REAL.pathname}`)
    const gateway = await gatewayThat()
    const result = await replay(options(gateway.port, recordingOf(readFileSync(REAL, 'utf8'))))
    expect(result).toMatchObject({ gaveUp: null, messages: { sent: 1_936, acknowledged: 1_936 } })
    // Counted in the file by hand: cells that are neither empty nor zero.
    expect(Object.fromEntries(result.counts.map(({ column, acknowledged }) => [column, acknowledged]))).toEqual({
      HR: 1_890, RESP: 1_891, ABPSys: 7, ABPDias: 7, ABPMean: 8, NBPSys: 152, NBPDias: 152, NBPMean: 152, SpO2: 1_573, PULSE: 1_573,
    })
    expect(result.counts.every(({ sent, acknowledged, unusual }) => sent === acknowledged && unusual === 0)).toBe(true)
    const values = gateway.frames.flatMap((text) => [...rowsOf(text).values()]).filter(({ value }) => value !== '')
    expect(values).toHaveLength(1_890 + 1_891 + 7 + 7 + 8 + 3 * 152 + 2 * 1_573)
    expect(values.some(({ value }) => Number(value) === 0)).toBe(false)
  })
})
