/** A page that comes back by itself, and the nurse before it: what she is shown, acknowledges, and is told is saved. */

import { WebSocket } from 'ws'
import type { AlertView, ServerMessage } from '../../src/api/wire.ts'
import { rest } from './senders.ts'

const AGAIN_MS = 50
const NURSE = 'prover'

/** When a connection was there, its first picture came, and which alerts that showed. */
export type Back = { readonly openAt: number; readonly shownAt: number; readonly shownWall: number; readonly shown: ReadonlySet<string> }

/** An acknowledgement that the page called saved: the alert, and when it was acknowledged. */
export const savedKey = (alert: string, at: number): string => `${alert} ${at}`

export class AlertPage {
  /** As they were last told, open ones only. */
  readonly open = new Map<string, AlertView>()
  readonly saved = new Set<string>()
  /** Acknowledged and saved before a restart, and shown without it after: right only where something took it away. */
  readonly bare: { readonly alert: string; readonly at: number }[] = []
  readonly #url: string
  readonly #cookie: string
  readonly #asked = new Set<string>()
  #back: { readonly resolve: (back: Back) => void } | null = null
  #news: ((news: 'saved' | 'began') => void) | null = null

  /** @param cookie of a nurse's session. */
  constructor(url: string, cookie: string) {
    this.#url = url
    this.#cookie = cookie
  }

  /** Connected, or trying to be, until `stop`. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await new Promise<void>((resolve) => {
        const socket = new WebSocket(`${this.#url.replace('http', 'ws')}/ws`, { headers: { cookie: this.#cookie, origin: this.#url } })
        let openAt = 0
        socket.on('open', () => (openAt = performance.now()))
        socket.on('message', (bytes) => this.#heard(Buffer.isBuffer(bytes) ? bytes.toString() : '', openAt))
        socket.on('error', () => undefined)
        socket.on('close', () => resolve())
        stop.addEventListener('abort', () => socket.terminate(), { once: true })
      })
      await rest(AGAIN_MS, stop)
    }
  }

  /** The first picture after this call. */
  back(): Promise<Back> {
    const { promise, resolve } = Promise.withResolvers<Back>()
    this.#back = { resolve }
    return promise
  }

  /** Resolves with the first acknowledgement told as saved, or alert told as begun, after this call. */
  news(of: 'saved' | 'began'): Promise<void> {
    return new Promise((resolve) => {
      this.#news = (news) => news === of && resolve()
    })
  }

  /** Acknowledges what it shows, one after the other, as `pick` chooses: so many milliseconds apart. */
  async acknowledge(pick: (below: number) => number, everyMs: number, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await rest(everyMs / 2 + pick(everyMs), stop)
      const waiting = [...this.open.values()].filter(({ acknowledged }) => acknowledged === null)
      const alert = waiting[pick(Math.max(1, waiting.length))]
      if (alert) await this.tap(alert.id)
    }
  }

  /** One tap; whether the gateway took it. */
  async tap(alert: string): Promise<boolean> {
    this.#asked.add(alert)
    const headers = { cookie: this.#cookie, origin: this.#url, 'content-type': 'application/json' }
    const answer = await fetch(`${this.#url}/api/alerts/${alert}/acknowledge`, { method: 'POST', headers, body: '{}', signal: AbortSignal.timeout(5_000) }).catch(() => null)
    return answer?.ok === true
  }

  get taps(): number {
    return this.#asked.size
  }

  #heard(text: string, openAt: number): void {
    const message: ServerMessage = JSON.parse(text)
    if (message.type !== 'alerts' && message.type !== 'snapshot') return
    if (message.type === 'snapshot') this.#picture(message.alerts, openAt)
    for (const alert of message.alerts) this.#took(alert, message.type === 'alerts')
  }

  #picture(alerts: readonly AlertView[], openAt: number): void {
    for (const { id, acknowledged } of alerts) {
      const before = this.open.get(id)
      if (before?.acknowledged && before.saved && acknowledged === null) this.bare.push({ alert: id, at: before.acknowledged.at })
    }
    this.open.clear()
    const back = this.#back
    this.#back = null
    back?.resolve({ openAt, shownAt: performance.now(), shownWall: Date.now(), shown: new Set(alerts.map(({ id }) => id)) })
  }

  #took(alert: AlertView, isNews: boolean): void {
    const { id, state, acknowledged, saved } = alert
    const isNew = isNews && !this.open.has(id)
    if (state === 'inactive') this.open.delete(id)
    else this.open.set(id, alert)
    if (acknowledged !== null && saved && acknowledged.by.startsWith(NURSE)) {
      const key = savedKey(id, acknowledged.at)
      if (!this.saved.has(key)) {
        this.saved.add(key)
        this.#news?.('saved')
      }
    }
    if (isNew && state === 'active') this.#news?.('began')
  }
}
