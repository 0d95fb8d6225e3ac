/** What a way out is: how an alert leaves the house. Types only; each kind of way is a file of its own. */

import type { Alert, AlertType, Priority } from '../../domain/alert.ts'
import type { DeliveryStep } from '../../domain/delivery.ts'
import type { AlertId } from '../../domain/ids.ts'
import type { WallMs } from '../../domain/time.ts'

/** Phases of IHE PCD-04. `continue`: it stands as before, and is said again, after an outage or a restart. */
export type NoticePhase = 'start' | 'continue' | 'update' | 'escalate' | 'deescalate' | 'end' | 'reset'

/** What one receiver is to be told of one alert now. */
export type Notice = {
  /** The same each time that it is tried: receivers drop repeats by it. Of a `start` it is the id of the alert. */
  readonly id: string
  readonly alert: Alert
  readonly phase: NoticePhase
  /** Whom to tell, where the way has addresses (a pager number); empty where it has none. */
  readonly address: string
  /** What the nurse calls the bed; null when the alert is about no bed. */
  readonly place: string | null
  /** What this way may say of it. */
  readonly text: string
  readonly at: WallMs
}

export type SendResult =
  /** The next station has it. Whether a person has seen it is another receipt. */
  | { readonly kind: 'sent'; readonly messageId: string | null }
  /** The way does not work: everything on it waits, and is tried again. `mayHaveCome`: it was on its way, and nobody answered. */
  | { readonly kind: 'trouble'; readonly why: string; readonly mayHaveCome?: true }
  /** The way works and does not take this notice: it is tried again later, by itself. */
  | { readonly kind: 'refused'; readonly why: string }

/** What the far end says later of something that it was sent. */
export type FarWord = {
  readonly step: Exclude<DeliveryStep, 'raised'>
  /** Either names the alert. */
  readonly alertId: AlertId | null
  readonly address: string | null
  readonly by: string | null
  readonly note: string | null
}

/** What a way tells of itself, at any time. Never throws. */
export type WayEvents = {
  /** Null: it works. */
  health(why: string | null): void
  /** The receiver is there anew and may know nothing: what is open is said again. */
  resync(): void
  heard(word: FarWord): void
}

export interface Way {
  readonly id: string
  /** `calls`: a person is called once, and again when it gets worse. `all`: the receiver keeps a list, and hears of each change. */
  readonly says: 'calls' | 'all'
  /** Keeps what stays open (a port, a connection) until stopped; never rejects for trouble on the wire. */
  run?(events: WayEvents, stop: AbortSignal): Promise<void>
  /** One at a time. Resolves within the bound of its kind, or soon after `stop`; never rejects for trouble on the wire. */
  send(notice: Notice, stop: AbortSignal): Promise<SendResult>
}

/** Which alerts a way sends. Nothing named: all of that kind. */
export type Sends = {
  readonly types: readonly AlertType[]
  readonly priorities: readonly Priority[]
  /** Null: all beds, and what is about no bed. */
  readonly beds: readonly string[] | null
  /** Not there: all of them. Of what stands as it is told: a ward that is silent sends nothing. */
  readonly only?: (alert: Alert) => boolean
}
