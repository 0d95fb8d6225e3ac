/** Beds whose monitors go in and out of limits as they are told, each message acknowledged: what alerts are judged by. */

import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { rest } from './senders.ts'
import { ProvedSite, type SiteParts, type SiteProcess, settled } from './wire-site.ts'

/** Which sign is beyond its limit. */
export type Wrong = 'hr' | 'spo2'
export const WRONGS: readonly Wrong[] = ['hr', 'spo2']
export const CONDITIONS: Readonly<Record<Wrong, string>> = { hr: 'threshold/hr-high', spo2: 'threshold/spo2-low' }

/** Of `hr`; the second value of `spo2` acts at once, and latches, being high. */
export const DELAY_MS = 1_000
/** A limit is looked at with each value, and what a machine is late by is no part of the trial: so long a condition must stand to be counted. */
export const STAND_MS = DELAY_MS + 1_000
/** Without a word for so long a device is silent; a value is live for twice what its contract says. */
export const SILENCE_SECONDS = 5
export const CONTRACT_SECONDS = 1

const LIMITS = {
  name: 'prove',
  population: 'adult',
  setBy: 'prove',
  variables: {
    hr: { draft: false, clearMargin: 5, low: [], high: [{ beyond: 130, priority: 'medium', delaySeconds: DELAY_MS / 1_000 }] },
    spo2: { draft: false, clearMargin: 2, low: [{ beyond: 90, priority: 'high', delaySeconds: 3, samples: 2 }], high: [] },
  },
}

export type AlertWard = AsyncDisposable & {
  readonly site: ProvedSite
  readonly monitors: readonly Monitor[]
  readonly url: string
}

export type AlertWardSetting = {
  readonly beds: number
  /** Whether a device that says nothing is an alert, and its values age within seconds. */
  readonly isSilenceTold?: boolean
  /** Every second monitor speaks so seldom that an alert begins between two of its values. */
  readonly isHalfSlow?: boolean
  /** Zone of device times, and what a device writes for now; else UTC, with its offset. */
  readonly zone?: { readonly name: string; readonly now: () => string }
}

export async function openAlertWard({ beds, isSilenceTold = false, isHalfSlow = false, zone }: AlertWardSetting): Promise<AlertWard> {
  const [hl7, http] = [await freePort(), await freePort()]
  const names = Array.from({ length: beds }, (_, index) => `monitor-${index + 1}`)
  const told = isSilenceTold ? { silenceSeconds: SILENCE_SECONDS, contract: { everySeconds: CONTRACT_SECONDS } } : { silenceSeconds: 0 }
  const partsIn = (folder: string): SiteParts & Readonly<Record<string, unknown>> => {
    mkdirSync(folder, { recursive: true })
    // JSON is YAML.
    writeFileSync(join(folder, 'limits.yaml'), JSON.stringify(LIMITS))
    return {
      gateway: { id: 'prove', ward: 'Prove', data: join(folder, 'data'), ...(zone ? { timeZone: zone.name } : {}) },
      http: { port: http },
      beds: names.map((id, index) => ({ id: bedOf(id), label: `${index + 1}` })),
      links: [{ kind: 'mllp-listen', id: 'hl7', port: hl7 }],
      devices: names.map((id) => ({ id, driver: 'hl7', bed: bedOf(id), match: { sender: id }, ...told })),
      limits: { adult: 'limits.yaml' },
      sentinel: { enabled: false },
    }
  }
  const site = new ProvedSite(partsIn)
  const now = zone?.now ?? (() => `${digitsOf(new Date().toISOString())}+0000`)
  const monitors = names.map((id, index) => new Monitor(id, { port: hl7, now, everyMs: isHalfSlow && index % 2 === 0 ? SLOW_EVERY_MS : SAY_EVERY_MS }))
  return {
    site,
    monitors,
    url: `http://127.0.0.1:${http}`,
    async [Symbol.asyncDispose]() {
      for (const monitor of monitors) monitor.close()
      await site[Symbol.asyncDispose]()
    },
  }
}

/** An ISO time as HL7 writes it: milliseconds and all. */
export const digitsOf = (iso: string): string => iso.replaceAll(/[-:TZ]/g, '')

const bedOf = (device: string): string => `bed-${device}`

/** SIGKILL, and until it is gone. */
export async function killed({ pid, isAlive }: SiteProcess): Promise<void> {
  process.kill(pid, 'SIGKILL')
  if (!(await settled(30_000, () => !isAlive()))) throw new Error('a gateway outlived SIGKILL')
}

/** One message: when it left, when its sender was told that it is stored (null: never), and what it said. Milliseconds of wall time. */
export type Sent = { readonly at: number; readonly storedAt: number | null; readonly wrong: Wrong | null }

const ANSWER_MS = 10_000
const SAY_EVERY_MS = 250
const SLOW_EVERY_MS = 1_700
const AGAIN_MS = 50
/** closed: the socket is; mute: it stands, and nothing comes; torn: it breaks in the middle of a message. */
export const CUTS = ['closed', 'mute', 'torn'] as const
export type Cut = (typeof CUTS)[number]

/** Says heart rate and saturation. What is not acknowledged is lost: the next message says what is then. */
export class Monitor {
  readonly bed: string
  readonly sent: Sent[] = []
  /** What is measured from now on. */
  wrong: Wrong | null = null
  readonly #id: string
  readonly #setting: { readonly port: number; readonly now: () => string; readonly everyMs: number }
  #socket: Socket | null = null
  #cut: Cut | null = null
  #numbered = 0
  #answered: (control: string) => void = () => undefined

  /** `now`: what it writes for the time. */
  constructor(id: string, setting: { readonly port: number; readonly now: () => string; readonly everyMs: number }) {
    this.#id = id
    this.bed = bedOf(id)
    this.#setting = setting
  }

  /** Until `stop`. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const isThrough = this.#cut === null && (await this.#say())
      await rest(isThrough ? this.#setting.everyMs : AGAIN_MS, stop)
    }
  }

  /** From now on nothing comes through, until `mend`. */
  cut(how: Cut): void {
    this.#cut = how
    if (how === 'mute') return
    // Half of a message is no message: nothing of it is ever stored.
    if (how === 'torn') this.#socket?.write(this.#message('torn', this.wrong).subarray(0, 90))
    this.close()
  }

  mend(): void {
    this.#cut = null
  }

  /** Resolves when a message of what is measured now is stored that was sent `ms` after the first such. */
  async stood(ms: number): Promise<void> {
    const { wrong } = this
    const from = this.sent.length
    for (;;) {
      const its = this.sent.slice(from).filter((one) => one.wrong === wrong && one.storedAt !== null)
      const [first, last] = [its[0], its.at(-1)]
      if (first && last && last.at - (first.storedAt ?? 0) >= ms) return
      await rest(20)
    }
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = null
  }

  /** Whether it was acknowledged; a cut or a dead gateway is the end of waiting. */
  async #say(): Promise<boolean> {
    const socket = await this.#connected()
    if (socket === null || this.#cut !== null) return false
    const { wrong } = this
    const control = `${this.#id}-${++this.#numbered}`
    const waiting = new AbortController()
    const answer = new Promise<true>((resolve) => {
      this.#answered = (of) => of === control && resolve(true)
    })
    const gone = once(socket, 'close', { signal: waiting.signal }).catch(() => undefined)
    const at = Date.now()
    socket.write(this.#message(control, wrong))
    const isStored = (await Promise.race([answer, gone, rest(ANSWER_MS, waiting.signal)])) === true
    waiting.abort()
    this.sent.push({ at, storedAt: isStored ? Date.now() : null, wrong })
    if (!isStored) this.close()
    return isStored
  }

  async #connected(): Promise<Socket | null> {
    if (this.#socket && !this.#socket.destroyed) return this.#socket
    const socket = connect({ port: this.#setting.port, host: '127.0.0.1' })
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1')
      const end = text.lastIndexOf('\x1c\r')
      if (end < 0) return
      for (const [, control = ''] of text.slice(0, end).matchAll(/\rMSA\|[AC]A\|([^|\r]+)/g)) this.#answered(control)
      text = text.slice(end)
    })
    const isOpen = await Promise.race([once(socket, 'connect').then(() => true, () => false), once(socket, 'close').then(() => false, () => false)])
    if (!isOpen) return null
    socket.setNoDelay(true)
    this.#socket = socket
    return socket
  }

  #message(control: string, wrong: Wrong | null): Buffer {
    const at = this.#setting.now()
    const obx = (place: number, metric: string, value: number, unit: string): string => `OBX|${place}|NM|${metric}^MDC|1.${place}.1.1|${value}|${unit}^MDC|||||R`
    const segments = [
      `MSH|^~\\&|${this.#id}|WARD|VIGIL|WARD|${at}||ORU^R01^ORU_R01|${control}|P|2.6|||AL|NE||UNICODE UTF-8`,
      `OBR|1|||182777000^monitoring of patient^SCT|||${at}`,
      obx(1, '147842^MDC_ECG_HEART_RATE', wrong === 'hr' ? 145 : 80, '264864^MDC_DIM_BEAT_PER_MIN'),
      obx(2, '150456^MDC_PULS_OXIM_SAT_O2', wrong === 'spo2' ? 75 : 97, '262688^MDC_DIM_PERCENT'),
    ]
    return Buffer.from(`\x0b${segments.join('\r')}\r\x1c\r`)
  }
}
