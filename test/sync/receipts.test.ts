import { expect, it } from 'vitest'
import { alertId } from '../../src/domain/ids.ts'
import { compileLive } from '../../src/sync/anonymise.ts'
import { EPOCH, START } from './fakes.ts'

it('receipts of alerts stay in the house: who was paged, and who saw it, is counted and not sent', () => {
  const delivery = { alertId: alertId('alert-1'), at: START, way: 'pagers', step: 'sent', address: '4711', by: 'Nora', note: 'm1' } as const
  const nobody = (): never => {
    throw new Error('nothing is to be looked up')
  }
  const surrogates = { of: nobody, sensorOf: nobody, subjectOfAlert: nobody, rememberAlert: nobody }
  const compiled = compileLive([{ kind: 'event', seq: 1, stored: { at: START, kind: 'delivery', delivery, subject: { bed: null, stay: null, device: null } } }], { gatewayId: 'gw', epoch: EPOCH, surrogates })
  expect(compiled).toMatchObject({ events: [], withheld: [{ reason: 'gateway-event', rows: 1, readings: 0 }] })
})
