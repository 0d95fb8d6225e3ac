/**
 * `prove serial`: a port at the wrong speed costs the gateway next to nothing, is told within seconds for what it is, and no
 * alert of another bed is later for it; a port that is pulled and put back is read again within seconds, and the half line
 * from before is never glued to what comes after.
 */

import { once } from 'node:events'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { WebSocket } from 'ws'
import { type Pty, hasPty, openPty } from '../../simulators/pty.ts'
import { freePort } from '../free-port.ts'
import { type Prove, randomOf } from './prove.ts'
import { messageOf } from './torture-cases.ts'
import { ProvedSite, type SiteProcess, beds, delay, dial, percentile, rounded, settled, strangers } from './wire-site.ts'

const GARBAGE_BYTES_PER_SECOND = 11_500
const PIECE_MS = 50
/** Two seconds beside other tests are judged widely: a port that starves the others takes a whole core. */
const CPU_SHARE_MAX = { full: 0.1, quick: 0.35 } as const
const TOLD_MS_MAX = 10_000
const REOPENED_MS_MAX = 3_000
/** Timers; and in the quick version a machine whose processors are mostly with other tests. */
const MARGIN_MS = { full: 1_000, quick: 30_000 } as const
const GROWTH_MB_MAX = { full: 30, quick: 120 } as const
/** The later half of the alerts may be later by so much: the noise of this measurement, a few commits. */
const LATER_MS_MAX = { full: 50, quick: 2_000 } as const
/** How much of the garbage a writer got rid of that was itself not given a processor. */
const SENT_SHARE_MIN = { full: 0.8, quick: 0.3 } as const

type Figures = Record<string, number | string>
type Trial = { readonly site: ProvedSite; readonly gateway: SiteProcess; readonly figures: Figures; readonly quick: boolean }

export const prove: Prove = async ({ quick, seed, say }) => {
  if (!hasPty()) return { kind: 'skipped', why: 'no usable `script` (bsdutils): no pseudo-terminals' }
  const hl7Port = await freePort()
  const probes = Array.from({ length: quick ? 2 * PROBES.quick : 2 * PROBES.full }, (_, index) => `probe-${index + 1}`)
  await using site = new ProvedSite((folder) => ({
    links: [
      { kind: 'mllp-listen', id: 'hl7', port: hl7Port },
      { kind: 'serial', id: 'wrong', device: 'wrong-speed', path: join(folder, 'ports', 'wrong') },
      { kind: 'serial', id: 'cable', device: 'cable', path: join(folder, 'ports', 'cable') },
    ],
    devices: [...strangers(probes, 'hl7', { bed: 'bed-1' }), ...strangers(['wrong-speed'], 'masimo-ascii', { bed: 'bed-2' }), ...strangers(['cable'], 'masimo-ascii', { bed: 'bed-3' })],
    beds: beds(['bed-1', 'bed-2', 'bed-3']),
  }))
  const port = (name: string): string => join(site.folder, 'ports', name)
  const wrongSpeed = await plugIn(port('wrong'))
  const gateway = await site.start()
  const figures: Figures = {}
  const trial: Trial = { site, gateway, figures, quick }
  const page = await Page.open(site, gateway.url)
  const monitor = await dial(hl7Port)
  const wrong = [...(await garbage(trial, { wrongSpeed, page, monitor, probes, seed })), ...(await unplugging(trial, port('cable'), say))]
  for (const one of wrong) say(one)
  page.close()
  monitor.destroy()
  await wrongSpeed.close()
  await gateway.stop()
  return { kind: 'judged', pass: wrong.length === 0, figures, control: null }
}

const PROBES = { quick: 20, full: 200 }

async function plugIn(path: string): Promise<Pty> {
  const pty = await openPty(path)
  if (pty === null) throw new Error('no pseudo-terminal')
  return pty
}

// ── a port at the wrong speed ────────────────────────────────────────────────────────────────────────────────────────

type GarbageParts = { readonly wrongSpeed: Pty; readonly page: Page; readonly monitor: Socket; readonly probes: readonly string[]; readonly seed: number }

async function garbage({ site, gateway, figures, quick }: Trial, { wrongSpeed, page, monitor, probes, seed }: GarbageParts): Promise<string[]> {
  const seconds = quick ? 1 : 60
  const size = quick ? 'quick' : 'full'
  const random = randomOf(seed)
  await settled(TOLD_MS_MAX + MARGIN_MS[size], () => wrongSpeed.heard())
  const before = await alertLatencies(page, monitor, probes.slice(0, probes.length / 2), seconds)
  const calmCpu = await cpuShare(gateway, async () => delay(seconds * 1_000))
  const calmMb = gateway.residentMb()
  let sent = 0
  const startedAt = Date.now()
  const busyCpu = await cpuShare(gateway, async () => {
    for (const until = performance.now() + seconds * 1_000; performance.now() < until; await delay(PIECE_MS)) {
      // By the clock, so that a late timer makes no slower line.
      const due = Math.floor(((Date.now() - startedAt) * GARBAGE_BYTES_PER_SECOND) / 1_000) - sent
      if (due > 0 && wrongSpeed.write(random.bytes(due))) sent += due
    }
  })
  const mb = gateway.residentMb()
  const noise = (async () => {
    for (const until = performance.now() + seconds * 1_000; performance.now() < until; await delay(PIECE_MS)) wrongSpeed.write(random.bytes((GARBAGE_BYTES_PER_SECOND * PIECE_MS) / 1_000))
  })()
  const during = await alertLatencies(page, monitor, probes.slice(probes.length / 2), seconds)
  await noise
  await settled(TOLD_MS_MAX + MARGIN_MS[size], () => conditionsOf(site, 'wrong-speed').length > 0)
  const told = conditionsOf(site, 'wrong-speed').find(({ text }) => /wrong speed/.test(text))
  const share = busyCpu - calmCpu
  const later = percentile(during, 0.5) - percentile(before, 0.5)
  const kept = site.query<{ rows: number }>("SELECT count(*) AS rows FROM quarantine WHERE device = 'wrong-speed'")[0]?.rows ?? 0
  const events = site.rows().filter((row) => row.kind === 'event').length
  Object.assign(figures, {
    garbageBytes: sent,
    garbageCpuShare: rounded(share, 3),
    garbageFramesKept: kept,
    garbageEvents: events,
    garbageResidentGrowthMb: rounded(mb - calmMb),
    garbageToldMs: told ? told.at - startedAt : 'never',
    otherAlertMsP50Before: rounded(percentile(before, 0.5)),
    otherAlertMsP50During: rounded(percentile(during, 0.5)),
    otherAlertMsP99Before: rounded(percentile(before, 0.99)),
    otherAlertMsP99During: rounded(percentile(during, 0.99)),
  })
  return [
    ...(sent < seconds * GARBAGE_BYTES_PER_SECOND * SENT_SHARE_MIN[size] ? ['the line took less than it should'] : []),
    ...(share > CPU_SHARE_MAX[size] ? [`garbage costs ${share} of a core`] : []),
    ...(told && told.at - startedAt <= TOLD_MS_MAX + MARGIN_MS[size] ? [] : ['nobody was told of a wrong speed']),
    ...(mb - calmMb > GROWTH_MB_MAX[size] ? [`${mb - calmMb} MB more`] : []),
    ...(later > LATER_MS_MAX[size] ? [`alerts of other beds are ${later} ms later`] : []),
  ]
}

/** CPU seconds a second that the gateway used while `run` ran. */
async function cpuShare(gateway: SiteProcess, run: () => Promise<void>): Promise<number> {
  const [cpu, at] = [gateway.cpuSeconds(), performance.now()]
  await run()
  return ((gateway.cpuSeconds() - cpu) * 1_000) / (performance.now() - at)
}

/** A monitor that reuses a control id raises an alert at once: from its last byte to the page, ms. Spread over `seconds`. */
async function alertLatencies(page: Page, monitor: Socket, devices: readonly string[], seconds: number): Promise<number[]> {
  const latencies: number[] = []
  for (const device of devices) {
    monitor.write(`\x0b${messageOf(device)}\x1c\r`)
    await once(monitor, 'data')
    const at = performance.now()
    const shown = page.alertOf(device)
    monitor.write(`\x0b${messageOf(device, { hr: 72 })}\x1c\r`)
    latencies.push((await Promise.race([shown, delay(TOLD_MS_MAX + MARGIN_MS.quick).then(() => Number.POSITIVE_INFINITY)])) - at)
    await delay((seconds * 500) / devices.length)
  }
  return latencies
}

/** An open nurse station. */
class Page {
  readonly #socket: WebSocket
  readonly #waiting = new Map<string, (at: number) => void>()

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      const at = performance.now()
      const message: { type: string; alerts?: readonly { device: string | null }[] } = JSON.parse(Buffer.isBuffer(data) ? data.toString() : '{}')
      if (message.type === 'alerts') for (const { device } of message.alerts ?? []) this.#waiting.get(device ?? '')?.(at)
    })
  }

  static async open(site: ProvedSite, url: string): Promise<Page> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws`, { headers: { origin: url, cookie: await site.signIn(url) } })
    const page = new Page(socket)
    await once(socket, 'open')
    return page
  }

  /** When an alert of this device is on the page. */
  alertOf(device: string): Promise<number> {
    return new Promise((resolve) => void this.#waiting.set(device, resolve))
  }

  close(): void {
    this.#socket.terminate()
  }
}

function conditionsOf(site: ProvedSite, device: string): readonly { readonly at: number; readonly text: string }[] {
  return site.rows().flatMap((row) => (row.kind === 'event' && row.stored.kind === 'alert' && row.stored.event.kind === 'phase' && row.stored.event.device === device ? [row.stored.event] : []))
}

// ── a cable that is pulled ───────────────────────────────────────────────────────────────────────────────────────────

const FIRST_LINE_AT = Date.UTC(2026, 0, 15, 2)
const LINES_PER_CYCLE = 4
/** A port is flushed right after it was opened; nobody outside can see when that is done. */
const SETTLING_MS = 500

/** A line of its own second and saturation: what is stored tells which line it was. */
function lineOf(index: number): string {
  const at = new Date(FIRST_LINE_AT + index * 1_000).toISOString()
  return `${at.slice(5, 7)}/${at.slice(8, 10)}/${at.slice(2, 4)} ${at.slice(11, 19)} SN=0000093112 SPO2=${String(saturationOf(index)).padStart(3, '0')}% BPM=080 PI=01.20 ALARM=0000 EXC=000000`
}

const saturationOf = (index: number): number => 70 + (index % 30)

async function unplugging({ site, figures, quick }: Trial, path: string, say: (line: string) => void): Promise<string[]> {
  const cycles = quick ? 2 : 100
  const latestMs = REOPENED_MS_MAX + MARGIN_MS[quick ? 'quick' : 'full']
  const reopenedMs: number[] = []
  /** Lines that were written whole while somebody had the port open. */
  const whole: number[] = []
  let index = 0
  for (let cycle = 0; cycle < cycles; cycle++) {
    const pluggedAt = performance.now()
    const pty = await plugIn(path)
    if (!(await settled(latestMs, () => pty.heard()))) {
      say(`cycle ${cycle}: the port was not opened again`)
      return ['a port that came back was not opened']
    }
    reopenedMs.push(performance.now() - pluggedAt)
    // What a terminal holds when it is opened is thrown away as old: the gateway has to be done with that.
    await delay(SETTLING_MS)
    for (let line = 0; line < LINES_PER_CYCLE; line++, index++) {
      pty.write(Buffer.from(`${lineOf(index)}\r\n`))
      whole.push(index)
      await delay(10)
    }
    // The cable is pulled in the middle of a line; what comes next time must not become its end.
    pty.write(Buffer.from(lineOf(index++).slice(0, 20 + (cycle % 55))))
    await delay(100)
    await pty.close()
  }
  const stored = (): readonly { readonly index: number; readonly saturation: number | string }[] =>
    site.rows().flatMap((row) => {
      if (row.kind !== 'snapshot' || row.snapshot.device !== 'cable') return []
      const { sentAt, observations } = row.snapshot
      const { measurement } = observations[0] ?? { measurement: { kind: 'absent', reason: 'none' } as const }
      return [{ index: sentAt === null ? -1 : (sentAt - FIRST_LINE_AT) / 1_000, saturation: measurement.kind === 'measured' ? measurement.value : measurement.reason }]
    })
  await settled(latestMs, () => stored().length >= whole.length)
  const found = stored()
  const lost = whole.filter((wanted) => !found.some((row) => row.index === wanted))
  const merged = found.filter((row) => !whole.includes(row.index) || row.saturation !== saturationOf(row.index))
  Object.assign(figures, {
    cycles,
    reopenedMsMax: rounded(Math.max(...reopenedMs)),
    reopenedMsP50: rounded(percentile(reopenedMs, 0.5)),
    linesWhole: whole.length,
    linesLost: lost.length,
    linesMerged: merged.length,
  })
  return [
    ...(Math.max(...reopenedMs) > (quick ? latestMs : REOPENED_MS_MAX) ? ['a port was opened again too late'] : []),
    ...(lost.length > 0 ? [`lines lost: ${lost.slice(0, 10).join()}`] : []),
    ...(merged.length > 0 ? [`lines that nobody sent: ${JSON.stringify(merged.slice(0, 3))}`] : []),
  ]
}
