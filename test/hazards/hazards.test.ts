import { readFileSync } from 'node:fs'
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

  it.each(HAZARDS.map((hazard) => [hazard.id, hazard] as const))('%s names its control and tests that exist', (_id, { hazard, control, shownBy }) => {
    expect(hazard.length).toBeGreaterThan(20)
    expect(control.length).toBeGreaterThan(20)
    expect(shownBy.length).toBeGreaterThan(0)
    for (const [file, ...names] of shownBy) {
      const text = readFileSync(resolve(ROOT, file), 'utf8')
      expect(names.length).toBeGreaterThan(0)
      for (const name of names) expect(text, `${file}: ${name}`).toContain(name)
    }
  })
})
