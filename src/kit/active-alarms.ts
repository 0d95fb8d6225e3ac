/**
 * Alarms of a device that says again and again which are active, and never that one began or ended. On a line without
 * checksum one changed letter would begin or end an alarm: nothing is said of an alarm before two lists in a row agree on it.
 */

import type { DeviceAlarm, ReadingFlag } from '../domain/reading.ts'
import type { WallMs } from '../domain/time.ts'

/** What a list says of one alarm. */
export type ActiveAlarm = Pick<DeviceAlarm, 'id' | 'code' | 'text' | 'source' | 'priority' | 'type' | 'inactivation'>
/** When the list was sent, and the marks of all that is in it. */
export type ListedAt = { readonly deviceAt: WallMs | null; readonly flags: readonly ReadingFlag[] }

type List = ReadonlyMap<string, ActiveAlarm>

export class ActiveAlarms {
  readonly #isChecked: boolean
  #before: List = new Map()
  readonly #said = new Map<string, ActiveAlarm>()

  /** `isChecked`: a checksum notices what the wire did to a list, so that one is enough. */
  constructor({ isChecked }: { readonly isChecked: boolean }) {
    this.#isChecked = isChecked
  }

  /** What is new with this list; the caller bounds how many alarms there are. */
  take(alarms: readonly ActiveAlarm[], at: ListedAt): readonly DeviceAlarm[] {
    if (alarms.length === 0 && this.#before.size === 0 && this.#said.size === 0) return NOTHING
    const now: List = new Map(alarms.map((alarm) => [alarm.id, alarm]))
    const changes: DeviceAlarm[] = []
    for (const id of new Set([...this.#said.keys(), ...now.keys()])) {
      const [said, listed] = [this.#said.get(id), now.get(id)]
      if (isSame(said, listed) || !(this.#isChecked || isSame(this.#before.get(id), listed))) continue
      if (listed !== undefined) {
        changes.push({ ...listed, ...at, phase: said === undefined ? 'start' : 'update', state: 'active' })
        this.#said.set(id, listed)
      } else if (said !== undefined) {
        changes.push({ ...said, ...at, phase: 'end', state: 'inactive' })
        this.#said.delete(id)
      }
    }
    this.#before = now
    return changes
  }
}

const NOTHING: readonly DeviceAlarm[] = []

function isSame(one: ActiveAlarm | undefined, other: ActiveAlarm | undefined): boolean {
  if (one === undefined || other === undefined) return one === other
  return one.text === other.text && one.priority === other.priority && one.inactivation.join() === other.inactivation.join()
}
