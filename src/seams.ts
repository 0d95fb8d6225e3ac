/** The seams of the house, types only. Each has one contract suite in test/contract, run over every implementation. */

import type { AlertEvent, AlertSubject, AlertType, Because, Bedside, Priority } from './domain/alert.ts'
import type { SeqRange } from './domain/batch.ts'
import type { Fact } from './domain/association.ts'
import type { Delivery } from './domain/delivery.ts'
import type { Away, StayGoal } from './domain/bed-state.ts'
import type { AlertId, BedId, DeviceId, StayId } from './domain/ids.ts'
import type { Snapshot } from './domain/observation.ts'
import type { Population } from './domain/population.ts'
import type { AlarmInactivation, DeviceAlarm, MedicationGiven, PatientFact, PatientIdentity, Reading, Waveform } from './domain/reading.ts'
import type { StayLimit } from './domain/stay-limit.ts'
import type { MonoMs, WallMs } from './domain/time.ts'
import type { WatchChange } from './domain/watch.ts'
import type { LongMemory } from './rules/long-memory.ts'

// ── Clock ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Only main.ts builds the real one. A demo's speed factor scales it for gateway, simulators and central alike. */
export interface Clock {
  wall(): WallMs
  mono(): MonoMs
  /** Resolves after `ms` of this clock's time, or at once when `stop` aborts. Never rejects. */
  sleep(ms: number, stop: AbortSignal): Promise<void>
}

// ── Driver ───────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What becomes of a frame, told exactly once: stored means fsynced. */
export type Outcome =
  | { readonly kind: 'stored' }
  /** The same message was stored before: answer as then. */
  | { readonly kind: 'repeated' }
  | { readonly kind: 'retry'; readonly why: string }
  | { readonly kind: 'rejected'; readonly why: string }

/** The bytes to answer a frame with, given what became of it; null for no answer. Pure. */
export type Reply = (outcome: Outcome) => Uint8Array | null

/** Who sent a frame, as far as the frame itself says: the gateway matches it against the configured devices. */
export type Sender = {
  /** HL7 MSH-3 (first component) or MSH-4; MQTT topic device; null when the frame does not say. */
  readonly name: string | null
  /** PV1-3 as `unit^room^bed`, or null. */
  readonly location: string | null
}

/** A part of a frame that could not be believed: it is kept, named, and never reaches a rule. */
export type Fault = { readonly why: string; readonly at: string }

/** One unit of the wire. `offset` and `length` count bytes since the session opened, noise included. */
export type Frame = { readonly offset: number; readonly length: number } & (
  | {
      readonly kind: 'good'
      /** The bytes as they came, for quarantine and recording. */
      readonly bytes: Uint8Array
      readonly sender: Sender
      /** Message control id (MSH-10) or its like; null when the protocol has none or it was left empty. */
      readonly messageId: string | null
      readonly sentAt: WallMs | null
      readonly readings: readonly Reading[]
      readonly waveforms: readonly Waveform[]
      readonly alarms: readonly DeviceAlarm[]
      /** How the monitor keeps its alarms as a whole, as far as this frame says: empty where all are on. */
      readonly quiet?: readonly AlarmInactivation[]
      /** Non-empty: the frame is partly quarantined. */
      readonly faults: readonly Fault[]
      /** Understood and passed by on purpose (codes of no metric, waveforms): nobody's fault, and no values. */
      readonly leftOut?: readonly Fault[]
      readonly identity: PatientIdentity | null
      /** What the registry says of who lies where. */
      readonly facts?: readonly PatientFact[]
      /** Medicines given to the patient of `identity`. */
      readonly given?: readonly MedicationGiven[]
      readonly reply: Reply | null
    }
  /** Well framed, and not believed as a whole: kept with the reason. */
  | { readonly kind: 'quarantined'; readonly bytes: Uint8Array; readonly sender: Sender; readonly why: string; readonly reply: Reply | null }
  /** Damaged on the wire: checksum, truncation, too long. Counted; a bounded copy is kept. */
  | { readonly kind: 'bad'; readonly bytes: Uint8Array; readonly why: string; readonly reply: Reply | null }
  /** Nothing to keep: noise, echoes, headers, acknowledgements. */
  | { readonly kind: 'skipped'; readonly why: string }
)

export type SessionOutput = {
  readonly frames: readonly Frame[]
  readonly send: readonly Uint8Array[]
  /** When the session wants `wake`, on the clock of `now`; null for never. */
  readonly wakeAt: MonoMs | null
  /** The conversation is dead, and why: a link that can closes it, and opens another where it was the one that called. */
  readonly close?: string
}

/** A pure state machine: bytes in; frames and bytes out. Total on any input, bounded memory, no clock of its own. */
export interface Session {
  receive(bytes: Uint8Array, now: MonoMs): SessionOutput
  wake(now: MonoMs): SessionOutput
  /** The input is over (a file ended, a socket closed): what is still held is judged. */
  end(now: MonoMs): SessionOutput
  /** Whether nothing is under way: no byte waits for the end of its frame. Where a session does not say, it rests after each frame. */
  atRest?(): boolean
}

/** One setting of a driver, declared so that config, help and docs are made from one list. */
export type SettingSpec = {
  readonly name: string
  readonly help: string
  readonly default: string
  /** Accepted values, or a pattern in words for the error message. */
  readonly choices?: readonly string[]
}
export type DriverSettings = Readonly<Record<string, string>>

export interface Driver {
  readonly id: string
  readonly title: string
  /** How its bytes travel: a line of its own, or messages whose borders the transport keeps. */
  readonly transport: 'serial' | 'tcp' | 'mqtt' | 'udp'
  /** What notices a byte that was lost or changed; nothing does on a line without checksum: there a limit waits for two frames that agree. */
  readonly integrity: 'checksum' | 'transport' | 'none'
  readonly settings: readonly SettingSpec[]
  /** @throws RangeError with a sentence for the engineer when a setting is wrong. */
  open(settings: DriverSettings): Session
  /** Where there is a dialogue: reads a recording of it, of one direction or of both, and sends nothing. Such a driver is woken once when its line opens. */
  openCapture?(settings: DriverSettings): Session
}

// ── Link ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What a link knows of the other end before any frame says more. */
export type Peer = {
  /** Where bytes come from, for people: `10.0.0.5:40122`, `/dev/ttyUSB0`, `mqtt:monitor-7`. */
  readonly address: string
  /** The configured device, where the link itself settles it (a serial port, an MQTT user); null on a shared listener. */
  readonly device: DeviceId | null
}

/** One open conversation: what the link hands to the pump. Never throws, never waits. */
export interface Line {
  /**
   * `settled` is called once with the worst outcome of the frames these bytes completed (MQTT: whether to PUBACK).
   * Returns how many frames they completed: a link may close a conversation that stays in the middle of one.
   */
  receive(bytes: Uint8Array, settled?: (outcome: Outcome) => void): number
  /** As the session says: a link gives a frame that is under way a deadline, and silence between two frames none. */
  atRest?(): boolean | undefined
  /** The device said it is there, or is gone (MQTT last will, port opened, port lost). */
  status(state: 'up' | 'down', why: string): void
  close(why: string): void
}

/** `hangUp`: what a link does when the session says that the conversation is dead; not there where nothing can be closed. */
export type OpenLine = (peer: Peer, write: (bytes: Uint8Array) => void, hangUp?: (why: string) => void) => Line

export interface Link {
  readonly id: string
  /** Runs until stopped; reopens by itself; never rejects for trouble on the wire. */
  run(open: OpenLine, stop: AbortSignal): Promise<void>
}

// ── Rule ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Who said something of a stay, and when; `until`: it holds no longer than that; `reason`: in that person's words. */
export type Word = { readonly by: string; readonly at: WallMs; readonly until?: WallMs; readonly reason?: string }

/** What a nurse or the record has said of this stay; belongs to the stay, never to the bed. */
export type StayContext = {
  readonly population: Population
  readonly spo2Scale: 1 | 2
  readonly onOxygen: boolean | null
  readonly consciousness: 'A' | 'C' | 'V' | 'P' | 'U' | null
  readonly infectionSuspected: boolean
  /** By fact, where it is known. A suspicion of infection ends 24 h after it was said, oxygen and consciousness are unknown 12 h after. */
  readonly said?: { readonly [Fact in ContextFact]?: Word }
  /** Limits of this stay, the newest of a variable and side last. */
  readonly limits?: readonly StayLimit[]
  /** Sets of vital signs that a nurse confirmed, the newest last, also those that were taken back. */
  readonly observations?: readonly ObservedSet[]
  /** He is away, and a nurse said so. */
  readonly away?: Away
  /** What the treatment is for; not there: nobody said, and everything calls. */
  readonly goal?: StayGoal
}
export type ContextFact = 'population' | 'spo2Scale' | 'onOxygen' | 'consciousness' | 'infectionSuspected'

/** One set of vital signs that a nurse has looked at, corrected and confirmed: absent is not taken. Units as in the metric table. */
export type ConfirmedSet = {
  readonly takenAt: WallMs
  readonly by: string
  readonly rr?: number
  readonly spo2?: number
  readonly onOxygen?: boolean
  readonly sbp?: number
  readonly pulse?: number
  readonly temperature?: number
  readonly consciousness?: 'A' | 'C' | 'V' | 'P' | 'U'
  /** When each value was measured, by name; a value that is not in it, when the set was taken. */
  readonly measuredAt?: Readonly<Record<string, WallMs>>
  /** The set before this one was a mistake and is taken back: this is what stood before it, or nothing. */
  readonly isTakenBack?: true
}

/** A confirmed set as the stay keeps it. `confirmedAt` names it within its stay. */
export type ObservedSet = {
  readonly set: ConfirmedSet
  readonly confirmedAt: WallMs
  /** NEWS2 as it was scored then. */
  readonly news2: { readonly total: number; readonly min: number; readonly max: number; readonly complete: boolean; readonly missing: readonly string[]; readonly parts: Readonly<Record<string, number>> }
  /** What the nurse changed of what stood there; null: nothing stood there. */
  readonly corrected: readonly { readonly name: string; readonly from: number | null; readonly to: number }[]
  /** It was a mistake: kept, and counts no more. */
  readonly takenBack?: Word
}

export type RuleInput =
  /** Everything that arrived together from one device, already judged live or history. */
  | { readonly kind: 'snapshot'; readonly snapshot: Snapshot }
  /** Time passes: at least once a second. `wall` is for `because`, `at` is for durations. */
  | { readonly kind: 'tick'; readonly at: MonoMs; readonly wall: WallMs }
  | { readonly kind: 'context'; readonly at: MonoMs; readonly wall: WallMs; readonly context: StayContext }
  | { readonly kind: 'observation'; readonly at: MonoMs; readonly wall: WallMs; readonly set: ConfirmedSet }

/**
 * What a rule says of one condition. `present` may be repeated: the life cycle makes start, update, escalate or
 * de-escalate of it. `cleared` ends it. `lost`: the data went away; a physiological alert stays ("last known").
 */
export type Signal =
  | {
      readonly kind: 'present'
      readonly condition: string
      readonly priority: Priority
      readonly type: AlertType
      readonly text: string
      readonly because: Because
      /** It calls anew, although it was present before: it got worse. */
      readonly again?: true
      /** Of a monitor's own alarm that is kept quiet at the bedside. */
      readonly bedside?: Bedside
    }
  | { readonly kind: 'cleared'; readonly condition: string }
  | { readonly kind: 'lost'; readonly condition: string }

/** A limit that is violated and waits out its delay: nothing is said of it yet. `text` is what would be said now; `dueAt`, when it is said if it stays so. */
export type Waiting = { readonly condition: string; readonly priority: Priority; readonly text: string; readonly sinceAt: MonoMs; readonly dueAt: MonoMs }

/** A pure fold over what one stay (or one device) lets us see; same input, same output, byte for byte. */
export interface Rule<State> {
  readonly id: string
  readonly version: string
  start(context: StayContext): State
  step(state: State, input: RuleInput): { readonly state: State; readonly signals: readonly Signal[] }
}

// ── Store ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One stay as the store keeps it. */
export type StayRecord = {
  readonly id: StayId
  readonly bed: BedId
  readonly identity: PatientIdentity | null
  readonly openedAt: WallMs
  readonly closedAt: WallMs | null
  /** What was said of this stay, as it stands; written again when it changes. */
  readonly context: StayContext
  /** What the rules know of it that reaches further back than a restart folds again. */
  readonly memory?: LongMemory
}

/**
 * A message the store has taken, so that a repeat is known as one: (device, control id, hash of its bytes). The store keeps
 * a ring per device: `slot` is the place in it, and a later identity in the same slot takes its place.
 */
export type MessageIdentity = { readonly device: DeviceId; readonly slot: number; readonly id: string; readonly hash: number }

/** What main hands to the store in one go: committed as one transaction or not at all. */
export type Tick = {
  readonly snapshots: readonly Snapshot[]
  readonly events: readonly StoredEvent[]
  readonly stays: readonly StayRecord[]
  readonly quarantined: readonly QuarantinedFrame[]
  readonly messages: readonly MessageIdentity[]
  /** Waveforms around alerts that were high. */
  readonly strips?: readonly Strip[]
  /** What was learned of who lies where. One that is there already, by its id, is not written again. */
  readonly facts?: readonly Fact[]
  /** Rows that are another patient's, as is known now. The store writes them anew, a few at a time, when nobody waits. */
  readonly reissues?: readonly Reissue[]
  /** Frames of quarantine whose values this tick brings after all. Were they brought before, the tick fails as a whole. */
  readonly replayed?: readonly ReplayedFrame[]
  /** What stands of the house from now on; the later word of one key takes the place of the earlier. */
  readonly standing?: readonly Standing[]
}

/**
 * What stands of the house: who has which bed in this shift, how a bed is, how the ward is watched. `key` names it, as in
 * `bed/bed-7`: a few for the ward and for each bed. `value` is plain JSON, null for what stands no more: who reads it parses it.
 */
export type Standing = { readonly key: string; readonly at: WallMs; readonly value: unknown }

/**
 * Values that were measured from `from` on and before `to` (corrected time), at a bed or by a device that has none, belong to
 * `stay` (null: to nobody who is known), which lies at `bed`. Rows that hold such values under another stay are written again,
 * with a revision; who reads the log sees the newest alone. `devices`: those whose values may be among them.
 */
export type Reissue = {
  readonly of: { readonly bed: BedId } | { readonly device: DeviceId }
  readonly from: WallMs
  readonly to: WallMs
  readonly stay: StayId | null
  readonly bed: BedId | null
  readonly devices: readonly DeviceId[]
  readonly learnedAt: WallMs
}

/** `hash`: of the bytes of a frame that names itself, which is brought once however often it was kept; null for others. */
export type ReplayedFrame = { readonly id: number; readonly at: WallMs; readonly hash: string | null }

export type StoredEvent =
  | { readonly at: WallMs; readonly kind: 'alert'; readonly event: AlertEvent }
  | { readonly at: WallMs; readonly kind: 'gateway'; readonly what: string; readonly subject: AlertSubject }
  /** A medicine given; stay null: to nobody whose stay is known. */
  | { readonly at: WallMs; readonly kind: 'given'; readonly given: MedicationGiven; readonly subject: AlertSubject }
  /** How far an alert came, on one way. */
  | { readonly at: WallMs; readonly kind: 'delivery'; readonly delivery: Delivery; readonly subject: AlertSubject }
  /** The watch ledger: what of one bed could be watched from now on, and why the rest could not. */
  | { readonly at: WallMs; readonly kind: 'watch'; readonly changes: readonly WatchChange[]; readonly subject: AlertSubject }

/** One stretch of a waveform without a gap, kept with an alert. Physical value = sample × scale + offset, in `unit` (UCUM). */
export type Strip = {
  readonly alertId: AlertId
  /** When the alert became high. */
  readonly at: WallMs
  readonly device: DeviceId
  readonly metric: string
  readonly channel: string
  readonly rateHz: number
  readonly scale: number
  readonly offset: number
  readonly unit: string
  /** Gateway time of the first sample. */
  readonly from: WallMs
  readonly samples: Int32Array
}

export type QuarantinedFrame = { readonly at: WallMs; readonly device: DeviceId | null; readonly peer: string; readonly why: string; readonly bytes: Uint8Array }

/**
 * `refused`: rows that the database would not take, more than none; they lie in quarantine, the rest of the tick is stored.
 * `isFinal`: the same tick would fail for ever, whatever the disk does.
 */
export type CommitResult =
  | { readonly kind: 'durable'; readonly lastSeq: number; readonly refused?: number }
  | { readonly kind: 'failed'; readonly why: string; readonly isFinal?: true }

/** Durable means fsynced (synchronous=FULL). A failed disk never stops an alarm: `commit` never throws and never rejects. */
export interface Store {
  commit(tick: Tick): Promise<CommitResult>
  close(): Promise<void>
}

/** The log as its readers see it: rows in the order of `seq`, which only grows. `at` of a snapshot read back is its receivedAt. */
export type LoggedRow =
  | {
      readonly kind: 'snapshot'
      readonly seq: number
      readonly snapshot: Snapshot
      /** Written again, because it is another patient's: the row whose place it takes, and how often that was changed; not there for what is as it came. */
      readonly supersedes?: number
      readonly revision?: number
      /** Others have taken its place. */
      readonly isSuperseded?: true
    }
  | { readonly kind: 'event'; readonly seq: number; readonly stored: StoredEvent }

/** Why an incarnation of the database began. */
export type EpochReason = 'created' | 'restored' | 'set-aside' | 'cloned' | 'rolled-back' | 'ledger-lost'

/** Rows from `firstSeq` on belong to this incarnation, up to where the next one begins. */
export type LogEpoch = { readonly epoch: string; readonly firstSeq: number; readonly why: EpochReason }

/** A reader's own connection, read-only. */
export interface LogReader {
  /** The current incarnation of the database: part of the key of every event that is written now. */
  readonly epoch: string
  /** All incarnations in their order, the current one last; what an earlier one wrote keeps its keys. */
  readonly epochs: readonly LogEpoch[]
  lastSeq(): number
  /** At most `rowsMax` rows with seq > `afterSeq`, in order. */
  read(afterSeq: number, rowsMax: number): readonly LoggedRow[]
  /** Alerts alone, with `afterSeq` < seq ≤ `lastSeq`, in order; null where they cannot be found without the rows between them. */
  readAlerts(afterSeq: number, lastSeq: number, rowsMax: number): readonly LoggedRow[] | null
  close(): void
}

// ── Notifier and Sink ────────────────────────────────────────────────────────────────────────────────────────────────

/** Never throws, never blocks. */
export interface Notifier {
  publish(events: readonly AlertEvent[]): void
}

export type SinkBatch = { readonly batchId: string; readonly body: Uint8Array; readonly events: number }

export type SinkAnswer =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'partly'; readonly rejected: readonly { readonly index: number; readonly code: string; readonly detail: string }[] }
  | { readonly kind: 'retry'; readonly why: string; readonly afterMs: number | null }
  /**
   * `pause`: 401 and 403, nothing is dead-lettered. `fenced`: another box sends under our name. `split`: 413. `dead`: this batch can never be taken.
   * `stale`: too old for the real-time lane, and wanted as history.
   */
  | { readonly kind: 'refused'; readonly how: 'pause' | 'fenced' | 'split' | 'dead' | 'stale'; readonly why: string }

/** Who begins to send: a word that is drawn at each start, and the incarnations whose rows may come. */
export type SinkClaim = { readonly organizationId: string; readonly gatewayId: string; readonly epochs: readonly string[] }

export type ClaimAnswer =
  /** `through`: up to which number central has everything of an incarnation; those that it never heard of are missing. */
  | {
      readonly kind: 'granted'
      readonly through: ReadonlyMap<string, number>
      /** The greatest number that came, whatever of it is missing. */
      readonly reach?: ReadonlyMap<string, number>
      /** Stretches beyond `through` of which it has everything: they overtook the rest. */
      readonly ahead?: ReadonlyMap<string, readonly SeqRange[]>
    }
  /** This central keeps no such record. */
  | { readonly kind: 'unknown' }
  | Extract<SinkAnswer, { kind: 'retry' | 'refused' }>

/** Idempotent: receivers drop repeats by event key. Never rejects: trouble on the wire is `retry`. */
export interface Sink {
  readonly id: string
  /** It makes something of the order of what it is sent: nothing may go before its turn. */
  readonly inOrder?: true
  /** Asked once, before anything is cut: who sends under a name that another box has takes it over, and hears what is there. */
  claim?(claim: SinkClaim, stop: AbortSignal): Promise<ClaimAnswer>
  send(batch: SinkBatch, stop: AbortSignal): Promise<SinkAnswer>
}
