/** A paging system on a serial line, or behind a serial server: keeps the port open and the conversation going. */

import type { Logger } from 'pino'
import type { OpenedPort, OpenResult } from '../../links/ports.ts'
import { wayLimits } from '../../limits.ts'
import type { Clock } from '../../seams.ts'
import type { PagerOutput, PagerSession, PagerWord } from './pager.ts'
import { Bell, type Promised, promised } from './waiting.ts'
import type { FarWord, Notice, SendResult, Way, WayEvents } from './way.ts'
import { asciiOf } from './words.ts'

export type PagerWaySetting = {
  readonly id: string
  /** A new conversation for each opening of the port. */
  readonly session: () => PagerSession
  readonly open: (heard: (bytes: Uint8Array) => void) => Promise<OpenResult>
  /** Longest text that the pagers show. */
  readonly textCharsMax: number
  /** What a status of the paging system means; what is not named is passed by. */
  readonly statuses: ReadonlyMap<string, FarWord['step']>
  readonly clock: Clock
  readonly log: Logger
}

const URGENCIES = { high: 'alarm', medium: 'high', low: 'normal' } as const

export function pagerWay(setting: PagerWaySetting): Way {
  const { id, clock, textCharsMax } = setting
  let line: Line | null = null
  return {
    id,
    says: 'calls',
    async run(events, stop) {
      while (!stop.aborted) {
        const opened = await Line.open(setting, events)
        if (typeof opened === 'string') events.health(opened)
        else {
          line = opened
          const why = await opened.run(stop)
          line = null
          if (!stop.aborted) events.health(why)
        }
        await clock.sleep(wayLimits.reconnectMs, stop)
      }
    },
    async send(notice): Promise<SendResult> {
      if (line === null) return { kind: 'trouble', why: 'the port of the paging system is not open' }
      return line.send(notice, textCharsMax)
    },
  }
}

/** One opening of the port. */
class Line {
  readonly #setting: PagerWaySetting
  readonly #events: WayEvents
  readonly #session: PagerSession
  readonly #bell = new Bell()
  readonly #over = new AbortController()
  #port: OpenedPort | null = null
  #wakeAt: number | null = 0
  #downSince: number | null = null
  #why = 'the port closed'
  #pending: Promised<SendResult> | null = null

  static async open(setting: PagerWaySetting, events: WayEvents): Promise<Line | string> {
    const line = new Line(setting, events)
    const opened = await setting.open((bytes) => line.#step((now) => line.#session.receive(bytes, now)))
    if (opened.kind === 'failed') return opened.why
    line.#port = opened
    void opened.closed.then((why) => line.#close(why))
    return line
  }

  private constructor(setting: PagerWaySetting, events: WayEvents) {
    this.#setting = setting
    this.#events = events
    this.#session = setting.session()
  }

  /** Until the port is gone, or nobody has answered on it for too long: ports vanish without a word. Resolves with why. */
  async run(stop: AbortSignal): Promise<string> {
    const { clock } = this.#setting
    const either = AbortSignal.any([stop, this.#over.signal])
    while (!either.aborted) {
      const now = clock.mono()
      if (this.#wakeAt !== null && now >= this.#wakeAt) this.#step((at) => this.#session.wake(at))
      if (this.#downSince !== null && now - this.#downSince >= wayLimits.pagerReopenMs) this.#close(this.#why)
      const due = this.#wakeAt === null ? wayLimits.pagerReopenMs : this.#wakeAt - clock.mono()
      if (!either.aborted) await this.#bell.wait(clock, Math.min(Math.max(1, due), wayLimits.pagerReopenMs), either)
    }
    this.#close('stopped')
    await this.#port?.close()
    return this.#why
  }

  send({ address, text, alert }: Notice, textCharsMax: number): Promise<SendResult> {
    if (this.#over.signal.aborted) return Promise.resolve({ kind: 'trouble', why: this.#why })
    const pending = promised<SendResult>()
    this.#pending = pending
    this.#step((now) => this.#session.call({ address, text: asciiOf(text, textCharsMax), urgency: URGENCIES[alert.priority] }, now))
    return pending.promise
  }

  #close(why: string): void {
    if (!this.#over.signal.aborted) this.#why = why
    this.#over.abort()
    this.#pending?.resolve({ kind: 'trouble', why: this.#why })
    this.#pending = null
  }

  #step(act: (now: ReturnType<PagerWaySetting['clock']['mono']>) => PagerOutput): void {
    if (this.#over.signal.aborted) return
    const { send, words, wakeAt } = act(this.#setting.clock.mono())
    this.#wakeAt = wakeAt
    for (const bytes of send) this.#port?.write(bytes)
    for (const word of words) this.#heard(word)
    this.#bell.ring()
  }

  #heard(word: PagerWord): void {
    switch (word.kind) {
      case 'up':
        this.#downSince = null
        this.#events.health(null)
        return
      case 'down':
        this.#downSince ??= this.#setting.clock.mono()
        this.#why = word.why
        this.#events.health(word.why)
        return
      case 'taken':
        this.#settle({ kind: 'sent', messageId: word.note })
        return
      case 'failed':
        this.#settle({ kind: word.isRefused ? 'refused' : 'trouble', why: word.why })
        return
      case 'status': {
        const step = this.#setting.statuses.get(word.status)
        if (step !== undefined) this.#events.heard({ step, alertId: null, address: word.address, by: null, note: `status ${word.status}` })
      }
    }
  }

  #settle(result: SendResult): void {
    this.#pending?.resolve(result)
    this.#pending = null
  }
}
