import { describe, expect, it } from 'vitest'
import astm from '../../../drivers/astm/driver.ts'
import { monoMs } from '../../../src/domain/time.ts'
import type { Frame, Outcome } from '../../../src/seams.ts'
import { type SentResults, createAstmAnalyser } from '../../../simulators/monitors/astm.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'
import { type Random, randomOf } from '../../../simulators/patients/random.ts'
import { parseScenario } from '../../../simulators/patients/scenarios.ts'

const START = Date.UTC(2026, 10, 22, 7)
const STORED: Outcome = { kind: 'stored' }
const RETRY: Outcome = { kind: 'retry', why: 'the disk is full' }

type Good = Extract<Frame, { kind: 'good' }>
type Run = { readonly stored: readonly Good[]; readonly acknowledged: readonly SentResults[]; readonly kinds: ReadonlySet<string> }

/** What may happen on the way: bytes from the analyser, answers to it, what becomes of a message, and how long that takes. */
type Trouble = {
  readonly out?: (bytes: Uint8Array) => Uint8Array
  readonly back?: (bytes: Uint8Array) => Uint8Array
  readonly outcome?: () => Outcome
  readonly storeMs?: () => number
}

function converse(scenario: string, seconds: number, trouble: Trouble = {}): Run {
  const { out = (bytes) => bytes, back = (bytes) => bytes, outcome = () => STORED, storeMs = () => 0 } = trouble
  const parsed = parseScenario(scenario)
  if (parsed === null) throw new Error(scenario)
  const acknowledged: SentResults[] = []
  const patient = createPatient(5, 'bed-1', parsed)
  const clock = (atMs: number): number => START + atMs
  const analyser = createAstmAnalyser({ name: 'abl-1', everySeconds: 240, clock, acknowledged: (results) => acknowledged.push(results) })
  const session = astm.open({})
  const stored = new Map<string, Good>()
  const kinds = new Set<string>()
  let due: { readonly at: number; readonly say: () => void }[] = []
  let wakeAt: number | null = null
  const toAnalyser = (bytes: Uint8Array, atMs: number): void => {
    for (const said of analyser.hear(back(bytes), atMs)) toGateway(out(said), atMs)
  }
  function taken(frames: readonly Frame[], atMs: number): void {
    for (const frame of frames) {
      kinds.add(frame.kind)
      if (frame.kind === 'skipped' || frame.reply === null) continue
      const { reply } = frame
      const what = outcome()
      const say = (): void => {
        // As the gateway knows a repeat: by the device, the id and the bytes.
        if (frame.kind === 'good' && what.kind === 'stored') stored.set(`${frame.messageId} ${Buffer.from(frame.bytes).toString('latin1')}`, frame)
        const answer = reply(what)
        if (answer !== null) toAnalyser(answer, atMs)
      }
      due.push({ at: atMs + storeMs(), say })
    }
  }
  function toGateway(bytes: Uint8Array, atMs: number): void {
    const { frames, send, wakeAt: next } = session.receive(bytes, monoMs(atMs))
    wakeAt = next
    taken(frames, atMs)
    for (const answer of send) toAnalyser(answer, atMs)
  }
  for (let second = 0; second < seconds; second++) {
    const atMs = second * 1_000
    const moment = patient.next()
    if (wakeAt !== null && atMs >= wakeAt) taken(session.wake(monoMs(atMs)).frames, atMs)
    for (const bytes of analyser.tick(moment, atMs)) if (moment.insult.cable === 'plugged') toGateway(out(bytes), atMs)
    while (due.some(({ at }) => at <= atMs)) {
      const [next] = due.filter(({ at }) => at <= atMs)
      due = due.filter((each) => each !== next)
      next?.say()
    }
  }
  return { stored: [...stored.values()], acknowledged, kinds }
}

const said = (metric: string, value: number): string => `${metric} ${value.toFixed(1)}`
const told = (stored: readonly Good[]): readonly string[] =>
  stored.map(({ readings }) => readings.map(({ metric, measurement }) => (measurement.kind === 'measured' ? said(metric.id, measurement.value) : '')).join())
const sent = (acknowledged: readonly SentResults[]): readonly string[] =>
  acknowledged.map(({ values }) => values.map(({ metric, value }) => said(metric, value)).join())

describe('an analyser and the gateway', () => {
  const run = converse('sepsis', 7_200)

  it('have every result stored once, with the right number, in the unit of its metric', () => {
    expect(run.acknowledged.length).toBeGreaterThan(30)
    expect(told(run.stored)).toEqual(sent(run.acknowledged))
    expect([...run.kinds].sort()).toEqual(['good', 'skipped'])
  })

  it('tell control fluid, corrections and what is sent again from new results', () => {
    run.acknowledged.forEach(({ kind }, index) => {
      const flags = (run.stored[index]?.readings ?? []).map((reading) => reading.flags)
      expect(flags.every((each) => each.includes('episodic'))).toBe(true)
      expect(flags.every((each) => each.includes('test'))).toBe(kind === 'control')
      expect(flags.filter((each) => each.includes('history')).length).toBe(kind === 'corrected' ? 6 : 0)
    })
    expect(new Set(run.acknowledged.map(({ kind }) => kind))).toEqual(new Set(['new', 'corrected', 'control']))
  })

  it('say when each sample was measured, and of whom where the analyser was told', () => {
    for (const { readings, sentAt } of run.stored) {
      for (const { deviceAt } of readings) expect((sentAt ?? 0) - (deviceAt ?? 0)).toBeGreaterThanOrEqual(95_000)
    }
    const identities = run.stored.map(({ identity }) => identity?.mrn ?? 'nobody')
    expect(identities).toContain('nobody')
    expect(identities.some((mrn) => /^\d{4}$/.test(mrn))).toBe(true)
  })
})

describe('on a line that is disturbed', () => {
  const harm = (random: Random, share: number) => (bytes: Uint8Array): Uint8Array => {
    if (bytes.length < 2 || random.uniform() >= share) return bytes
    const at = Math.floor(random.uniform() * bytes.length)
    const harmed = Uint8Array.from(bytes)
    harmed[at] = Math.floor(random.uniform() * 256)
    return random.uniform() < 0.5 ? harmed : Uint8Array.from([...bytes.slice(0, at), ...bytes.slice(at + 1)])
  }
  /** All that was acknowledged is stored, and nothing is stored that was not sent. */
  function expectConserved({ stored, acknowledged }: Run, least: number): void {
    expect(acknowledged.length).toBeGreaterThan(least)
    expect(new Set(told(stored))).toEqual(new Set([...sent(acknowledged), ...told(stored).slice(-1)]))
  }

  it('damaged frames are refused and come again', () => {
    const run = converse('stable', 7_200, { out: harm(randomOf(3), 0.08) })
    expect(run.kinds.has('bad')).toBe(true)
    expectConserved(run, 25)
    expect(told(run.stored)).toEqual(sent(run.acknowledged))
  })

  it('lost answers let the analyser begin anew, and what was stored is known as a repeat', () => {
    const random = randomOf(4)
    expectConserved(converse('stable', 7_200, { back: (bytes) => (random.uniform() < 0.02 ? Uint8Array.of() : bytes) }), 20)
  })

  it('a full disk lets the analyser keep its results and send them until they are stored', () => {
    const random = randomOf(5)
    const run = converse('stable', 7_200, { outcome: () => (random.uniform() < 0.4 ? RETRY : STORED) })
    expect(told(run.stored)).toEqual(sent(run.acknowledged))
    expect(run.acknowledged.length).toBeGreaterThan(30)
  })

  it('a disk that takes longer than the analyser waits never has a frame acknowledged that is not stored', () => {
    const random = randomOf(6)
    expectConserved(converse('stable', 7_200, { storeMs: () => (random.uniform() < 0.5 ? 20_000 : 0) }), 10)
  })

  it('a cable that was out, and an analyser that was switched off, lose nothing', () => {
    for (const scenario of ['cable-pulled@300', 'monitor-rebooted@700']) expectConserved(converse(scenario, 7_200), 25)
  })
})
