import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HAZARDS } from './log.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** The ten gravest: none may leave the log. */
const GRAVEST = ['wrong-patient', 'missed-alert', 'stale-as-live', 'absent-as-zero', 'lost-after-acknowledged', 'doubled', 'identifier-leaves', 'silence-unnoticed', 'wrong-unit', 'demo-as-real']

describe('the hazard log', () => {
  it('holds the ten gravest', () => {
    expect(HAZARDS.map(({ id }) => id)).toEqual(expect.arrayContaining(GRAVEST))
  })

  it.each(HAZARDS.map((hazard) => [hazard.id, hazard] as const))('%s names its control and where it is shown (the reporter looks whether those tests ran and passed)', (_id, { hazard, control, shownBy }) => {
    expect(hazard.length).toBeGreaterThan(20)
    expect(control.length).toBeGreaterThan(20)
    expect(shownBy.length).toBeGreaterThan(0)
    for (const [file, ...names] of shownBy) {
      expect(existsSync(resolve(ROOT, file)), file).toBe(true)
      expect(names.length, file).toBeGreaterThan(0)
    }
  })
})
