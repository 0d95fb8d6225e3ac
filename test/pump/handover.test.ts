import { expect, it } from 'vitest'
import { bedId } from '../../src/domain/ids.ts'
import { wallMs } from '../../src/domain/time.ts'
import { handoverView } from '../../src/pump/handover.ts'
import { WATCHED } from '../../src/rules/armed.ts'

const HOUR = 3_600_000

it('says of each bed how long nobody could have been told, and why, the longest first', () => {
  const bed = { id: bedId('bed-7'), label: '7' }
  const at = (minute: number, state: 'armed' | 'no-data' | 'gateway-down') => WATCHED.map((rule) => ({ bed: bed.id, stay: null, rule, from: wallMs(minute * 60_000), state }))
  const view = handoverView([bed, { id: bedId('bed-8'), label: '8' }], { changes: [...at(0, 'armed'), ...at(10, 'gateway-down'), ...at(12, 'no-data'), ...at(53, 'armed')], isCut: false }, { from: wallMs(0), to: wallMs(HOUR) })
  expect(view.beds[0]).toMatchObject({ label: '7', watchedSeconds: 1_020, unwatchedSeconds: 43 * 60, reasons: [{ why: 'no-data', seconds: 41 * 60 }, { why: 'gateway-down', seconds: 120 }] })
  expect(view.beds[1]).toMatchObject({ label: '8', watchedSeconds: 0, unwatchedSeconds: 3_600, reasons: [{ why: 'gateway-down', seconds: 3_600 }] })
})
