import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import type { AlertView } from '../src/api/wire.ts'
import type { AlertEvent } from '../src/domain/alert.ts'
import { alertId } from '../src/domain/ids.ts'
import { createLifecycle } from '../src/alerts/lifecycle.ts'
import { createWard, type LiveWard, type WardParts } from '../src/ward.ts'
import { at } from './pump/fixture.ts'

const quiet = pino({ level: 'silent' })

/** A ward over a real life cycle. The rest of the pump is not asked here. */
function shown() {
  const lifecycle = createLifecycle(() => alertId('alert-1'))
  const pump = { lifecycle, beds: new Map() } as unknown as WardParts<number>['pump']
  const ward: LiveWard = createWard({ pump, scoreOf: () => null, gateway: () => { throw new Error('not asked') }, trend: () => Promise.reject(new Error('not asked')), handover: () => Promise.resolve(null), strip: () => Promise.reject(new Error('not asked')), given: () => Promise.reject(new Error('not asked')), associate: () => { throw new Error('not asked') }, lookup: null, ways: { states: () => [], test: () => Promise.resolve(null) }, deliveries: () => Promise.resolve([]), displayed: () => quiet.debug('') })
  const told: AlertView[] = []
  ward.watch(({ alerts }) => void told.push(...alerts))
  const because = { rule: 'test', version: '1', inputs: [], limit: null, missing: [] }
  const say = (kind: 'present' | 'cleared'): AlertEvent[] => {
    const signal = kind === 'cleared' ? { kind, condition: 'hr' } as const : { kind, condition: 'hr', priority: 'high', type: 'physiological', text: 'HR', because } as const
    const events = lifecycle.signals({ bed: null, stay: null, device: null }, [signal], at(kind === 'present' ? 1_000 : 2_000))
    ward.published(events)
    return events
  }
  return { lifecycle, ward, told, say }
}

describe('what the page is told of an alert', () => {
  it('a latched alert that is acknowledged ends on the page, first unsaved, then saved', () => {
    const { lifecycle, ward, told, say } = shown()
    ward.saved([...say('present'), ...say('cleared')])
    const events = lifecycle.acknowledge(alertId('alert-1'), 'Ana', at(3_000)) ?? []
    ward.published(events)
    expect(told.at(-1)).toMatchObject({ state: 'inactive', saved: false, startedAt: 1_000, acknowledged: { by: 'Ana' } })
    ward.saved(events)
    expect(told.at(-1)).toMatchObject({ state: 'inactive', saved: true })
  })
})
