/** What the API asks of the gateway. The composition root implements it; the API knows nothing behind it. */

import type { AlertId, BedId, StayId } from '../domain/ids.ts'
import type { HouseAnswer, HouseRequest } from '../pump/house-requests.ts'
import type { CommissioningView } from './house-wire.ts'
import type { AssociationAnswer, AssociationRequest } from '../pump/ledger-hands.ts'
import type { ShiftAnswer, ShiftSaying } from '../pump/people.ts'
import type { Saying } from '../pump/stay-hands.ts'
import type { StayContext } from '../seams.ts'
import type { WardShift } from './shift-wire.ts'
import type { StayWard } from './stay-ward.ts'
import type { AlertView, AssociationsView, BedAssociationFacts, BedView, DeliveryView, DeviceView, GatewayView, GivenView, RegistryLookup, HandoverView, StripView, TrendView, WavesView } from './wire.ts'

/** `beds`: whose view changed; it is asked for when it leaves. `sentinel`: the alert of the sentinel bed changed. */
export type WardChange = { readonly beds: readonly BedId[]; readonly alerts: readonly AlertView[]; readonly sentinel?: AlertView }

/** What a nurse may say of a stay; keys left out stay as they are. */
export type ContextChange = Partial<StayContext>

export type Done = { readonly kind: 'done' } | { readonly kind: 'unknown' } | { readonly kind: 'refused'; readonly why: string }

export interface Ward extends StayWard {
  gateway(): GatewayView
  beds(): readonly BedView[]
  /** null: there is no such bed. */
  bed(id: BedId): BedView | null
  devices(): readonly DeviceView[]
  /** Open alerts, highest priority first, then oldest. */
  alerts(): readonly AlertView[]
  /** The alert of the sentinel bed, while it is open; it is none of the ward's. */
  sentinel(): AlertView | null
  /** Count and corrected wall time of the last rules tick: the heartbeat is fed by the rules, not by a timer of its own. */
  rulesTick(): { readonly seq: number; readonly at: number }
  /** Called at once with every change; the listener must not throw or block. Returns the way to stop. */
  watch(listener: (change: WardChange) => void): () => void
  /** Acts at once, and is saved soon after. */
  acknowledge(alert: AlertId, by: string): Done
  pauseAudio(alert: AlertId, by: string, ms: number): Done
  changeContext(stay: StayId, change: ContextChange, by: string, saying?: Saying): Done
  /** Whose each bed is; as it was a second ago, at the longest. */
  associations(): AssociationsView
  /** null: there is no such bed. */
  association(bed: BedId): BedAssociationFacts | null
  /** What a person says of who lies where. Acts at once, and is saved soon after. */
  associate(request: AssociationRequest, by: string): AssociationAnswer
  /** Who has which bed. */
  shift(): WardShift
  /** What a person says of it. Acts at once, and is saved soon after. */
  changeShift(request: ShiftSaying, by: string): ShiftAnswer
  /** What a person says of a bed, of the goal of a stay, or of how the ward is watched. Acts at once, and is saved soon after. */
  sayHouse(request: HouseRequest, by: string): HouseAnswer
  /** What the rules said, or would have said; null when it cannot be read now. */
  commissioning(days: number | null): Promise<CommissioningView | null>
  /** Asks the hospital's registry whose number this is. Never rejects. */
  lookup(number: string, by: string): Promise<RegistryLookup>
  /** Medicines given to a stay; null when they cannot be read now. */
  given(stay: StayId): Promise<GivenView | null>
  trend(bed: BedId, hours: number): Promise<TrendView>
  /** What was watched in the last hours; null when it cannot be read now. */
  handover(hours: number): Promise<HandoverView | null>
  /** Waveforms kept with an alert, open or over; null when they cannot be read now. */
  strip(alert: AlertId): Promise<StripView | null>
  /** How far an alert came, open or over; null when it cannot be read now. */
  deliveries(alert: AlertId): Promise<readonly DeliveryView[] | null>
  /** Tries a way out: what is sent is marked as a test. */
  testWay(way: string, by: string): Promise<Done>
  /** Somebody looks at the waveforms of a bed: each call gives what is new since the one before, null when nothing is. Not null the first time. */
  watchWaves(bed: BedId): () => WavesView | null
  /** The page shows these alerts: receipt of the delivery chain. */
  displayed(alerts: readonly AlertId[], by: string): void
}
