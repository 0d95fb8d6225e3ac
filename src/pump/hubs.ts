/**
 * Which devices come by way of one sender: the hub of a manufacturer, an interface engine. When all of them fall silent together,
 * that is one thing to go and look at, and not twenty; each bed is told of on its tile all the same, and by its own alert, which
 * stands in the row of this one.
 *
 * Which device comes by which way is learned from its frames, and is kept: else a hub that is gone while the gateway starts
 * anew would be twenty alerts then.
 */

import { HUB_CONDITION, isOfHub } from '../alerts/causes.ts'
import type { Alert, AlertEvent } from '../domain/alert.ts'
import type { MonoMs } from '../domain/time.ts'
import { pumpLimits } from '../limits.ts'
import type { Peer, Signal, Standing } from '../seams.ts'
import type { Bed } from './beds.ts'
import type { HouseLifecycle } from './house-lifecycle.ts'
import { type Device, hostOf } from './devices.ts'
import type { Now } from './watch.ts'

export const HUBS_KEY = 'hubs'
const VERSION = '1'
const OF_THE_WARD = { bed: null, stay: null, device: null }

export type HubParts = {
  readonly restored: readonly Standing[]
  readonly devices: () => readonly Device[]
  readonly beds: ReadonlyMap<string, Pick<Bed, 'label'>>
  /** Its silence would be an alert now. */
  readonly isWatched: (device: Device) => boolean
  readonly lifecycle: Pick<HouseLifecycle, 'open' | 'signals'>
  readonly emit: (events: readonly AlertEvent[]) => void
  readonly write: (standing: Standing) => void
}

type Member = Device & { readonly bed: NonNullable<Device['bed']> }

export class Hubs {
  /** The sender by way of which each device came last. */
  readonly #hubOf: Map<string, string>
  /** Silent hubs that are told, by sender; since when something comes again, where it does. */
  readonly #told = new Map<string, { readonly backAt: MonoMs | null }>()
  readonly #parts: HubParts
  readonly #begunAt: MonoMs
  #isNew = false
  /** One that was known came by another way. */
  #hasMoved = false
  #writtenAt: MonoMs | null = null

  constructor(parts: HubParts, now: Now) {
    this.#parts = parts
    this.#begunAt = now.at
    this.#hubOf = new Map(parseHubs(parts.restored.find(({ key }) => key === HUBS_KEY)?.value))
    for (const alert of parts.lifecycle.open.values()) if (isOfHub(alert)) this.#takeUp(alert)
  }

  /** A frame came. A way that leads to one device alone, by a port or a log-in of its own, is no hub. */
  heard({ id, unknown }: Pick<Device, 'id' | 'unknown'>, peer: Peer): void {
    if (peer.device !== null || unknown) return
    const hub = hostOf(peer.address)
    const before = this.#hubOf.get(id)
    if (before === hub) return
    this.#hubOf.set(id, hub)
    if (before === undefined) this.#isNew = true
    else this.#hasMoved = true
  }

  /** Time passes. Before the silence of each device is judged, so that nobody is called for each of them. */
  tick(now: Now): void {
    if (this.#isNew || (this.#hasMoved && (this.#writtenAt === null || now.at - this.#writtenAt >= pumpLimits.hubMovedMs))) this.retell(now)
    const byHub = Map.groupBy(this.#parts.devices(), ({ id }) => this.#hubOf.get(id) ?? '')
    byHub.delete('')
    for (const [hub, devices] of byHub) this.#judge(hub, devices, now)
    for (const hub of this.#told.keys()) if (!byHub.has(hub)) this.#clear(hub, now)
  }

  /** Once more, into a database that was begun anew. */
  retell(now: Now): void {
    this.#isNew = false
    this.#hasMoved = false
    this.#writtenAt = now.at
    this.#parts.write({ key: HUBS_KEY, at: now.wall, value: Object.fromEntries(this.#hubOf) })
  }

  /** Told by a life before; what it names belongs to it, as long as no frame says otherwise. */
  #takeUp({ condition, because: { sensors = [] } }: Alert): void {
    const hub = condition.slice(HUB_CONDITION.length)
    this.#told.set(hub, { backAt: null })
    for (const { device } of sensors) if (!this.#hubOf.has(device)) this.#hubOf.set(device, hub)
  }

  #judge(hub: string, devices: readonly Device[], now: Now): void {
    const members = devices.filter((device): device is Member => device.bed !== null && this.#parts.isWatched(device))
    const heardAt = Math.max(this.#begunAt, ...devices.map(({ lastFrameAt }) => lastFrameAt?.at ?? this.#begunAt))
    const limitMs = Math.min(...members.map(({ silenceMs }) => silenceMs))
    const isSilent = members.length >= pumpLimits.hubDevicesMin && now.at - heardAt >= limitMs
    const told = this.#told.get(hub)
    if (isSilent) {
      if (told === undefined || told.backAt !== null) this.#say(hub, members, limitMs, now)
      return
    }
    if (told === undefined || (members.length >= pumpLimits.hubDevicesMin && devices.every(({ lastFrameAt }) => lastFrameAt === null))) return
    // The others follow one after the other: until then they are not called one by one.
    const backAt = told.backAt ?? now.at
    this.#told.set(hub, { backAt })
    if (now.at - backAt >= pumpLimits.hubSettleMs || members.every(({ silence }) => !silence.told)) this.#clear(hub, now)
  }

  #say(hub: string, members: readonly Member[], limitMs: number, { wall }: Now): void {
    this.#told.set(hub, { backAt: null })
    const labels = [...new Set(members.map(({ bed }) => this.#parts.beds.get(bed)?.label ?? bed))]
    const named = labels.slice(0, pumpLimits.hubBedsNamedMax)
    const more = labels.length - named.length
    const signal: Signal = {
      kind: 'present', condition: `${HUB_CONDITION}${hub}`, priority: 'medium', type: 'technical',
      text: `No data from ${labels.length} beds at once, all by way of ${hub}: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}. Look at their monitors`,
      because: {
        rule: 'silence', version: VERSION, inputs: [], missing: [],
        limit: { text: `all of them silent for ${limitMs / 1_000} s`, setBy: 'device settings' },
        sensors: members.map(({ id }) => ({ device: id, metric: 'all' })),
      },
    }
    this.#parts.emit(this.#parts.lifecycle.signals(OF_THE_WARD, [signal], wall))
  }

  #clear(hub: string, { wall }: Now): void {
    this.#told.delete(hub)
    this.#parts.emit(this.#parts.lifecycle.signals(OF_THE_WARD, [{ kind: 'cleared', condition: `${HUB_CONDITION}${hub}` }], wall))
  }
}

/** What is not as we wrote it is learned anew. */
function parseHubs(value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([device, hub]: [string, unknown]): [string, string][] => (typeof hub === 'string' ? [[device, hub]] : []))
}
