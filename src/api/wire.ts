/** What travels between gateway and page. Types only: the page imports nothing else of the gateway. */

import type { Unwatched } from '../domain/watch.ts'
import type { Alert } from '../domain/alert.ts'
import type { AlertId } from '../domain/ids.ts'
import type { Dispute, Fact, FactSource, Standing } from '../domain/association.ts'
import type { DeliveryStep } from '../domain/delivery.ts'
import type { Population } from '../domain/population.ts'
import type { MedicationGiven, PatientIdentity } from '../domain/reading.ts'
import type { StayLimit } from '../domain/stay-limit.ts'
import type { BedNurse, HandoverBed, WardPeopleView } from './shift-wire.ts'
import type { BedMarkView, GoalView, WardModeView } from './house-wire.ts'
import type { ObservedView } from './stay-wire.ts'

/** `station`: a screen of the ward, which is nobody. It sees what a nurse sees, and acts for whoever proves at the tap who she is. */
export type Role = 'nurse' | 'biomed' | 'admin' | 'station'
export type You = { readonly name: string; readonly role: Role }

/** Somebody signed in. `since` null: nobody wrote it down. `from`: an address; empty: not known. `isThis`: of who asks. */
export type SessionView = You & { readonly id: string; readonly since: number | null; readonly from: string; readonly isThis: boolean }

export type ValueView = {
  /** MDC reference id; `key` adds the channel, so that two temperatures are two. */
  readonly metric: string
  readonly key: string
  readonly label: string
  readonly unit: string
  readonly decimals: number
  readonly value: { readonly kind: 'measured'; readonly value: number } | { readonly kind: 'absent'; readonly reason: string }
  /** Corrected wall time of measurement, gateway clock. */
  readonly at: number
  /** Greyed beyond this age; removed beyond `goneAfterMs`. */
  readonly staleAfterMs: number
  readonly goneAfterMs: number
  readonly questionable: boolean
}

export type ScoreView = {
  readonly total: number
  readonly min: number
  readonly max: number
  readonly complete: boolean
  readonly missing: readonly string[]
  readonly parts: Readonly<Record<string, number>>
  readonly at: number
}

export type BedView = {
  readonly id: string
  readonly label: string
  readonly stay: string | null
  /** How well it is known: seen at the bedside, said by the registry, or sent by a monitor alone. */
  readonly patient: { readonly name: string | null; readonly mrn: string | null; readonly identified: Standing | 'none' }
  readonly devices: readonly DeviceView[]
  readonly values: readonly ValueView[]
  readonly news2: ScoreView | null
  /** Of a child whose age is known; then there is no NEWS2. */
  readonly pews?: ScoreView | null
  /** Limits that are violated and wait out their delay: no alerts yet. `dueAt`: when one becomes an alert under this id, if it stays so. */
  readonly pending?: readonly PendingView[]
  /** The newest set that a nurse confirmed, whatever its age. */
  readonly observed?: ObservedView | null
  /** What a person said of the bed; not there where it is as it looks. */
  readonly mark?: BedMarkView
  /** What the treatment is for; not there where nobody said. */
  readonly goal?: GoalView
  /** Who has the bed; not there where nobody ever said. */
  readonly nurse?: BedNurse
  readonly context: {
    /** By the patient's age, where it is known. */
    readonly population: Population
    readonly spo2Scale: 1 | 2
    readonly onOxygen: boolean | null
    readonly consciousness: 'A' | 'C' | 'V' | 'P' | 'U' | null
    readonly infectionSuspected: boolean
    /** Limits of this stay in place of the ward's. */
    readonly limits?: readonly StayLimit[]
    /** Who said it, when, why and until when, where that is known. */
    readonly said?: { readonly [Fact in 'population' | 'spo2Scale' | 'onOxygen' | 'consciousness' | 'infectionSuspected']?: { readonly by: string; readonly at: number; readonly until?: number; readonly reason?: string } }
  }
}

export type PendingView = { readonly id: string; readonly text: string; readonly priority: 'high' | 'medium' | 'low'; readonly onsetAt: number; readonly dueAt: number }

export type DeviceView = {
  readonly id: string
  readonly driver: string
  readonly bed: string | null
  readonly link: 'live' | 'silent' | 'down' | 'never'
  readonly lastFrameAt: number | null
  readonly frames: { readonly good: number; readonly bad: number; readonly skipped: number; readonly quarantined: number }
  /** What is kept of its waveforms: how many channels, and the seconds of the one that has most. */
  readonly waves: { readonly channels: number; readonly seconds: number }
  /** What the engineer reads when it is not live. */
  readonly note: string
  /** Its clock against the gateway's, in ms; null before enough was heard. `boundMs`: the offset is true within ±. */
  readonly clock?: {
    readonly offsetMs: number
    readonly boundMs: number
    readonly driftMsPerHour: number | null
    readonly epoch: number
    readonly lastStep: { readonly at: number; readonly byMs: number } | null
  } | null
}

/** An alert as the page shows it. `saved`: the last change is on disk. */
export type AlertView = Alert & {
  readonly saved: boolean
  readonly bedLabel: string | null
  /**
   * Not there: it heads a row of its own. Else it stands in the row of the alert `of`: `with`, it speaks there too, is heard and
   * is acknowledged with it; `carried`, it follows from it, is named there and is silent.
   */
  readonly inRow?: { readonly of: AlertId; readonly as: 'with' | 'carried' }
}

export type SyncView = { readonly kind: 'off' | 'ok' | 'behind' | 'paused'; readonly lagRows: number; readonly why: string }

export type GatewayView = {
  readonly id: string
  readonly ward: string
  readonly mode: 'demo' | 'live'
  readonly version: string
  /** Demo only: how many times faster than real time the ward runs. */
  readonly speed: number
  readonly store: { readonly kind: 'ok' } | { readonly kind: 'failing'; readonly why: string }
  /** Not there: live. */
  readonly watching?: WardModeView
  /** Beside our own screens. */
  readonly ways?: readonly WayView[]
  /** Not there where it is off. */
  readonly sentinel?: SentinelView
  /** Whom it tells by name. */
  readonly people?: WardPeopleView
  readonly sync: SyncView & { /** Each, where there are several; what stands beside is then the worst of them. */ readonly sinks?: readonly (SyncView & { readonly id: string })[] | undefined }
}

/** Of one signal, samples without a gap. Physical value = sample × scale + offset, in `unit` (UCUM). */
export type WaveLine = {
  /** Gateway time of the first sample. */
  readonly from: number
  readonly rateHz: number
  readonly scale: number
  readonly offset: number
  readonly unit: string
  /** It goes on where the line before it ended, in this message or an earlier one; else there is a gap between them. */
  readonly follows: boolean
  readonly samples: readonly number[]
}

export type WaveSignal = { readonly key: string; readonly metric: string; readonly channel: string; readonly lines: readonly WaveLine[] }

/** What came of the waveforms of one bed since the last such message. */
export type WavesView = {
  readonly bed: string
  /** At most three, as they are stacked; those that are not named any more are over. */
  readonly signals: readonly WaveSignal[]
  /** So many more signals there are. */
  readonly more: number
}

export type ServerMessage =
  | { readonly type: 'snapshot'; readonly at: number; readonly you: You; readonly gateway: GatewayView; readonly beds: readonly BedView[]; readonly alerts: readonly AlertView[]; readonly devices: readonly DeviceView[]; readonly sentinel?: AlertView }
  /** Beds that changed, whole. At most twice a second; a slow page gets the newest only. */
  | { readonly type: 'beds'; readonly at: number; readonly beds: readonly BedView[] }
  /** Alerts that changed, whole, at once; one with state `inactive` has ended. Never dropped. `sentinel`: that of the sentinel bed, of no patient. */
  | { readonly type: 'alerts'; readonly at: number; readonly alerts: readonly AlertView[]; readonly sentinel?: AlertView }
  /** Every second of real time, from the rules tick: silence of this is what the page sounds on. */
  | { readonly type: 'heartbeat'; readonly at: number; readonly seq: number; readonly gateway: GatewayView; readonly devices: readonly DeviceView[] }
  /** To a page that asked for the waveforms of this bed, a few times a second. A page that is slow misses some. */
  | ({ readonly type: 'waves'; readonly at: number } & WavesView)

export type ClientMessage =
  /** These alerts are on the screen now: the receipt of the delivery chain. */
  | { readonly type: 'displayed'; readonly alerts: readonly string[] }
  /** Send the waveforms of this bed from now on, and of no other; null: of none. */
  | { readonly type: 'waves'; readonly bed: string | null }

/** GET /api/handover: how long each bed was watched, and for what reasons it was not. Seconds of wall time: they sum to the whole. */
export type HandoverView = {
  readonly from: number
  readonly to: number
  readonly beds: readonly {
    readonly bed: string
    readonly label: string
    /** While at least one rule of the bed could have spoken. */
    readonly watchedSeconds: number
    readonly unwatchedSeconds: number
    /** The longest first. */
    readonly reasons: readonly { readonly why: Unwatched; readonly seconds: number }[]
    /** Each rule for itself. */
    readonly rules: readonly { readonly rule: string; readonly unwatchedSeconds: number }[]
    /** What else whoever takes over is told. */
    readonly told?: HandoverBed
  }[]
  /** More was written than is read at once: the latest is missing. */
  readonly isCut: boolean
}

/**
 * GET /api/alerts/{id}/strip: the waveforms kept around the times at which an alert became high, a line for each stretch
 * without a gap. Physical value = sample × scale + offset, in `unit`.
 */
export type StripView = {
  readonly lines: readonly {
    /** When the alert became high. */
    readonly at: number
    readonly device: string
    readonly metric: string
    readonly channel: string
    readonly unit: string
    readonly rateHz: number
    readonly scale: number
    readonly offset: number
    /** Of the first sample. */
    readonly from: number
    readonly samples: readonly number[]
  }[]
  /** Lines that were kept and are damaged on the disk: they are not among these. */
  readonly damaged: number
  /** There are more: the oldest are not among these. */
  readonly isCut: boolean
}

/** GET /api/alerts/{id}/deliveries: how far an alert came, on our screens (`screen`) and on each way out. */
export type DeliveryView = {
  readonly at: number
  readonly way: string
  readonly step: DeliveryStep
  /** Whom: the number of a pager; empty where the way has one receiver. */
  readonly address: string
  readonly by: string | null
  readonly note: string | null
}

/**
 * The sentinel bed: whether an alert comes all the way from bytes to a screen, tried each minute. `failing`: this stage of the way,
 * the first that did not come by. `okAgoSeconds`: since it came through last; null: it has not yet.
 */
export type SentinelView = (
  | { readonly kind: 'starting' }
  | { readonly kind: 'ok'; readonly screen: 'shown' | 'none' }
  | { readonly kind: 'failing'; readonly stage: SentinelStage }
) & { readonly okAgoSeconds: number | null }
export type SentinelStage = 'link' | 'driver' | 'rules' | 'alert' | 'store' | 'screen'

/** A way out of alerts. `lastSentAt`: null since the gateway started. */
export type WayView = { readonly id: string; readonly state: 'works' | 'troubled' | 'failing'; readonly why: string; readonly waiting: number; readonly lastSentAt: number | null }

/** GET /api/beds/{id}/trend?hours=2 */
export type TrendView = { readonly series: readonly { readonly metric: string; readonly label: string; readonly unit: string; readonly t: readonly number[]; readonly v: readonly (number | null)[] }[] }

/** GET /api/associations: whose each bed is, in the order of the ward. */
export type AssociationsView = {
  /** The site names a registry that can be asked. */
  readonly hasRegistry: boolean
  readonly beds: readonly BedAssociation[]
}

export type BedAssociation = {
  readonly bed: string
  readonly label: string
  readonly stay: string | null
  /** `since`: null where nothing is known of before. `unidentified`: watched, and nobody knows who it is. */
  readonly occupant:
    | { readonly kind: 'patient'; readonly patient: PatientIdentity; readonly standing: Standing; readonly since: number | null }
    | { readonly kind: 'unidentified' | 'empty' }
  readonly disputes: readonly Dispute[]
  /** Typed, and waiting for a second person. */
  readonly proposals: readonly { readonly fact: number; readonly patient: PatientIdentity; readonly by: string; readonly at: number }[]
}

/** GET /api/beds/{id}/association: what was said of a bed, or of who lies there, the newest first. */
export type BedAssociationFacts = BedAssociation & { readonly facts: readonly AssociationFact[] }

export type AssociationFact = {
  readonly id: number
  readonly learnedAt: number
  readonly effectiveAt: number
  readonly source: FactSource
  /** User, sender or device. */
  readonly by: string
  readonly kind: Fact['body']['kind']
  readonly patient: PatientIdentity | null
  readonly bed: string | null
}

/** What came of saying who lies where. `proposed`: it waits for a second person. */
export type AssociationDone = { readonly kind: 'done' | 'proposed'; readonly fact: number }

/** What the hospital's registry says of a number. `unknown` and `refused` say nothing of the number: never "there is no such patient". */
export type RegistryLookup =
  | { readonly kind: 'found'; readonly patients: readonly { readonly identity: PatientIdentity; readonly location: string | null }[]; /** There are others. */ readonly isMore: boolean }
  | { readonly kind: 'nobody' }
  | { readonly kind: 'refused' | 'unknown'; readonly why: string }

/** GET /api/stays/{id}/given: medicines given in the last day, as they were said last, the newest first. `at`: when it was learned. */
export type GivenView = {
  readonly given: readonly (MedicationGiven & { readonly at: number })[]
  /** There are more: the oldest are not among these. */
  readonly isCut: boolean
}
