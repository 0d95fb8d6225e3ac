import { describe, expect, it } from 'vitest'
import { HEALTH, insultAt, parseScenario, SCENARIO_NAMES, type Scenario } from '../../../simulators/patients/scenarios.ts'

const scenario = (text: string): Scenario => {
  const parsed = parseScenario(text)
  if (parsed === null) throw new Error(`no scenario ${text}`)
  return parsed
}

describe('scenarios', () => {
  it('are named, with a delay of their own or of the plan', () => {
    expect(parseScenario('sepsis')).toEqual({ name: 'sepsis', delayS: 300 })
    expect(parseScenario('sepsis@12')).toEqual({ name: 'sepsis', delayS: 12 })
  })

  it.each(['', 'nothing', 'sepsis@', 'sepsis@-1', 'sepsis@1@2', 'toString', '@5'])('do not know %j', (text) => {
    expect(parseScenario(text)).toBeNull()
  })

  it.each(SCENARIO_NAMES)('%s changes nothing before it begins', (name) => {
    for (let second = 0; second < 500; second++) expect(insultAt(scenario(`${name}@500`), second)).toEqual(HEALTH)
  })

  it.each(SCENARIO_NAMES.filter((name) => name !== 'stable'))('%s does something within its first hour', (name) => {
    const changed = Array.from({ length: 3_600 }, (_, second) => insultAt(scenario(`${name}@0`), second)).some((insult) => JSON.stringify(insult) !== JSON.stringify(HEALTH))
    expect(changed).toBe(true)
  })

  it.each(SCENARIO_NAMES)('%s is a pure function of time', (name) => {
    for (const second of [0, 59, 600, 86_400]) expect(insultAt(scenario(name), second)).toEqual(insultAt(scenario(name), second))
  })

  it('a fault that comes and goes also goes', () => {
    const states = Array.from({ length: 1_800 }, (_, second) => insultAt(scenario('probe-off@0'), second).oximeter)
    expect(states[0]).toBe('off')
    expect(states[179]).toBe('off')
    expect(states[180]).toBe('on')
    expect(states[900]).toBe('off')
  })

  it('a restarted monitor is dark, then does not know the time, then does', () => {
    const at = (second: number) => insultAt(scenario('monitor-rebooted@100'), second)
    expect(at(99)).toEqual(HEALTH)
    expect(at(100).power).toBe('off')
    expect(at(124).power).toBe('off')
    expect(at(125)).toMatchObject({ power: 'on', monitorClock: 'unset' })
    expect(at(145)).toEqual(HEALTH)
  })
})
