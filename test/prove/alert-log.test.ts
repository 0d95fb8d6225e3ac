import { expect, it } from 'vitest'
import type { AlertEvent, AlertPhase, AlertState } from '../../src/domain/alert.ts'
import { alertId, bedId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { NOTHING, judgeBed } from './alert-log.ts'
import { CONDITIONS, type Sent, type Wrong } from './alert-ward.ts'

const BED = 'bed-1'
const event = (id: string, at: number, phase: AlertPhase, state: AlertState): AlertEvent => ({
  kind: 'phase', alertId: alertId(id), at: wallMs(at), phase, state, priority: 'medium', type: 'physiological', condition: CONDITIONS.hr, text: 'HR',
  because: { rule: 'threshold', version: '1', inputs: [], limit: null, missing: [] }, bed: bedId(BED), stay: null, device: null,
})
const said = (from: number, to: number, wrong: Wrong | null): Sent[] =>
  Array.from({ length: (to - from) / 500 }, (_, place) => ({ at: from + place * 500, storedAt: from + place * 500 + 5, wrong }))
/** Well, beyond the limit from 10 s to 20 s, well. */
const SENT = [...said(8_000, 10_000, null), ...said(10_000, 20_000, 'hr'), ...said(20_000, 22_000, null)]
const BEGUN = event('a', 11_000, 'start', 'active')
const OVER = event('a', 20_002, 'end', 'inactive')

it.each<readonly [string, readonly AlertEvent[], object]>([
  ['an alert from its delay to its end is right', [BEGUN, OVER], {}],
  ['no alert is a lost one', [], { lost: 1 }],
  ['one that is still there after its end is left', [BEGUN], { left: 1 }],
  ['one that ended while it stood is gone', [BEGUN, event('a', 15_000, 'end', 'inactive')], { gone: 1 }],
  ['a second one that goes on for it is another name', [BEGUN, event('a', 15_000, 'end', 'inactive'), event('b', 15_000, 'start', 'active'), event('b', 20_002, 'end', 'inactive')], { gone: 1, renamed: 1 }],
  ['so it is where the first was ended by a value of before', [BEGUN, event('a', 9_500, 'end', 'inactive'), event('b', 12_000, 'start', 'active'), event('b', 20_002, 'end', 'inactive')], { gone: 1, renamed: 1 }],
  ['two at once are doubled', [BEGUN, event('b', 12_000, 'start', 'active'), OVER, event('b', 20_002, 'end', 'inactive')], { renamed: 1, doubled: 1 }],
  ['one that nothing stands behind is false', [event('z', 8_500, 'start', 'active'), event('z', 9_000, 'end', 'inactive'), BEGUN, OVER], { false: 1 }],
])('%s', (_, events, wrong) => {
  expect(judgeBed(SENT, events, BED)).toEqual({ ...NOTHING, stood: 1, ...wrong })
})
