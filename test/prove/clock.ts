/**
 * Clocks of devices that are 24 minutes off, drift by 100 ppm to 1 %, are put to summer time or back, and jump back; over ways that jitter, stall and are
 * cut, and monitors that empty their memory then. Each value's corrected time is right to 1 s, or its bound says that it is not known so well. Of a clock
 * that says whole seconds alone, one more second is nobody's: counted by itself.
 * The control corrects as if nothing was known of the clock.
 */

import { type DeviceTime, hearTime } from '../../src/rules/device-time.ts'
import { metricOfId } from '../../src/domain/metrics.ts'
import { observed } from '../../src/domain/observation.ts'
import { measured } from '../../src/domain/reading.ts'
import { monoMs, wallMs } from '../../src/domain/time.ts'
import { type Prove, randomOf } from './prove.ts'

const START = Date.parse('2026-10-24T22:00:00Z')
const MINUTE = 60_000
const RIGHT_MS = 1_000
/** A doctor that flags all is none. */
const FLAGGED_MAX = { full: 0.05, quick: 0.1 } as const
/** Of two dozen devices, one with a bad day is a large share. */
const BACKLOG_RECOVERED_MIN = { full: 0.75, quick: 0.5 } as const

type Random = ReturnType<typeof randomOf>
type Sent = { readonly sentAt: number; readonly measuredAt: number; readonly said: number; readonly saidMeasured: number; readonly isBacklog: boolean; cameAt: number }
type Device = { readonly messages: readonly Sent[]; readonly isSending: boolean; readonly isWhole: boolean }
type Counts = { values: number; recovered: number; unsaid: number; flagged: number; wrong: number; worstMs: number; backlog: number; backlogRecovered: number }

const nothing = (): Counts => ({ values: 0, recovered: 0, unsaid: 0, flagged: 0, wrong: 0, worstMs: 0, backlog: 0, backlogRecovered: 0 })

/** Some hours of one monitor. */
function deviceOf(random: Random, hours: number): Device {
  const share = (): number => random.int(1_000_000) / 1_000_000
  const everyMs = [1_000, 2_000, 5_000, 10_000][random.int(4)] ?? 1_000
  const sign = (): number => (random.int(2) === 0 ? -1 : 1)
  const drift = sign() * 10 ** (-4 + 2 * share())
  const isWhole = random.int(2) === 0
  const endMs = hours * 60 * MINUTE
  const jumps = [{ at: share() * endMs, byMs: sign() * 60 * MINUTE }, { at: share() * endMs, byMs: -(1 + 59 * share()) * MINUTE }]
  const cuts = Array.from({ length: hours }, (_, hour) => {
    const from = (hour + 0.3 + 0.4 * share()) * 60 * MINUTE
    return { from, to: from + (1 + 14 * share()) * MINUTE }
  })
  const offsetMs = sign() * 24 * MINUTE
  const says = (at: number): number => {
    const said = START + offsetMs + at * (1 + drift) + jumps.reduce((sum, jump) => sum + (at >= jump.at ? jump.byMs : 0), 0)
    return isWhole ? Math.floor(said / 1_000) * 1_000 : Math.round(said)
  }
  const messages: Sent[] = []
  for (let at = random.int(everyMs); at < endMs; at += everyMs) {
    const cut = cuts.find(({ from, to }) => at >= from && at < to)
    const jitterMs = 20 - 60 * Math.log(1 - share() * 0.999999)
    const stallMs = random.int(400) === 0 ? share() * 20_000 : 0
    const said = says(at)
    messages.push({ sentAt: at, measuredAt: at, said, saidMeasured: said, isBacklog: cut !== undefined, cameAt: (cut?.to ?? at) + Math.min(jitterMs, 800) + stallMs })
  }
  // One after the other, as on one connection.
  messages.reduce((before, message) => (message.cameAt = Math.max(message.cameAt, before + 3)), 0)
  return { messages, isSending: random.int(4) > 0, isWhole }
}

function judge({ messages, isSending, isWhole }: Device, counts: Counts, withDoctor: boolean): void {
  const metric = metricOfId('MDC_ECG_HEART_RATE')
  if (!metric) throw new Error('no heart rate')
  let known: DeviceTime | null = null
  for (const { measuredAt, said, saidMeasured, cameAt, isBacklog } of messages) {
    const [receivedAt, at] = [wallMs(START + cameAt), monoMs(1_000 + cameAt)]
    const heard = hearTime(known, { said: wallMs(said), isSending, receivedAt, at })
    known = heard.time
    const [value] = observed([{ metric, measurement: measured(80), channel: '', deviceAt: wallMs(saidMeasured), flags: [] }], { receivedAt, sentAt: isSending ? wallMs(said) : null }, withDoctor ? heard.timing : undefined)
    if (!value) continue
    const wrongMs = Math.abs(value.correctedAt - START - measuredAt)
    counts.values++
    if (isBacklog) counts.backlog++
    if (wrongMs <= RIGHT_MS) {
      counts.recovered++
      if (isBacklog) counts.backlogRecovered++
    } else if (value.boundMs > RIGHT_MS) counts.flagged++
    else if (isWhole && wrongMs <= RIGHT_MS + 1_000) counts.unsaid++
    else {
      counts.wrong++
      counts.worstMs = Math.max(counts.worstMs, wrongMs)
    }
  }
}

const percent = (part: number, whole: number): string => `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`

export const prove: Prove = async ({ quick, seed, say }) => {
  const random = randomOf(seed)
  const [told, control] = [nothing(), nothing()]
  const devices = quick ? 24 : 400
  for (let count = 0; count < devices; count++) {
    const device = deviceOf(random, quick ? 3 : 6)
    const before = told.wrong
    judge(device, told, true)
    judge(device, control, false)
    if (told.wrong > before) say(`device ${count}: ${told.wrong - before} values are wrong and nobody says so`)
  }
  const flaggedShare = told.flagged / told.values
  const size = quick ? 'quick' : 'full'
  return {
    kind: 'judged',
    pass: told.values > 0 && told.wrong === 0 && flaggedShare <= FLAGGED_MAX[size] && told.backlogRecovered >= BACKLOG_RECOVERED_MIN[size] * told.backlog,
    figures: {
      devices, values: told.values, 'right to 1 s': percent(told.recovered, told.values), 'within the second that a clock does not say': percent(told.unsaid, told.values), flagged: percent(told.flagged, told.values), 'wrong, and not flagged': told.wrong,
      'worst of those, s': (told.worstMs / 1_000).toFixed(1), 'of backlogs, right to 1 s': percent(told.backlogRecovered, told.backlog), 'control: wrong, and not flagged': control.wrong,
    },
    control: { ran: true, failed: control.wrong > 0 },
  }
}
