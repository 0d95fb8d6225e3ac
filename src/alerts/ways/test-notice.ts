/** What a way is sent when somebody tries it: marked as a test everywhere, about nobody, and over as soon as it was said. */

import type { Alert } from '../../domain/alert.ts'
import { alertId } from '../../domain/ids.ts'
import type { WallMs } from '../../domain/time.ts'
import type { Notice, Way } from './way.ts'

/** Of the alert that a test is; no alert of the life cycle is called so. */
export const TEST_ALERT = 'test-'
export const TEST_CONDITION = 'technical/way-test'

export type TestOf = {
  readonly says: Way['says']
  /** Empty: the way has one receiver. */
  readonly addresses: readonly string[]
  readonly ward: string
  readonly by: string
  readonly at: WallMs
  readonly mint: () => string
}

/** A receiver that keeps a list hears the end of it too. */
export function testNotices({ says, addresses, ward, by, at, mint }: TestOf): readonly Notice[] {
  const alert: Alert = {
    id: alertId(TEST_ALERT + mint()), bed: null, stay: null, device: null, condition: TEST_CONDITION, state: 'active', priority: 'low', type: 'technical',
    text: `TEST of Vigil by ${by}: no alert`,
    because: { rule: 'test', version: '1', inputs: [], limit: null, missing: [] },
    startedAt: at, changedAt: at, acknowledged: null, audioPaused: null,
  }
  const notice = (address: string, id: string, phase: Notice['phase']): Notice => ({ id, alert: phase === 'end' ? { ...alert, state: 'inactive' } : alert, phase, address, place: null, text: `${ward}: ${alert.text}`, at })
  return (addresses.length === 0 ? [''] : addresses).flatMap((address) => [notice(address, alert.id, 'start'), ...(says === 'all' ? [notice(address, mint(), 'end')] : [])])
}
