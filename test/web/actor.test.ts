import { describe, expect, it } from 'vitest'
import { apiLimits } from '../../src/limits.ts'
import { chosen, deedText, entered, erased, isWhole, namesToChoose, NOBODY_YET, pressed } from '../../src/web/actor.ts'
import { createActorGate } from '../../src/web/actor-gate.ts'
import type { Answer } from '../../src/web/api.ts'

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve))

describe('what is entered', () => {
  it('is a badge where a scanner wrote it, whatever name was chosen', () => {
    expect(entered(NOBODY_YET, 'B-0042-7719', false)).toEqual({ kind: 'proof', proof: { badge: 'B-0042-7719' } })
    expect(entered({ name: 'anna', pin: '' }, '00427719', false)).toEqual({ kind: 'proof', proof: { badge: '00427719' } })
  })

  it('is a PIN where a person typed it behind a name, and never a badge', () => {
    expect(entered({ name: 'anna', pin: '' }, '4827', true)).toEqual({ kind: 'proof', proof: { name: 'anna', pin: '4827' } })
    expect(entered({ name: 'anna', pin: '' }, 'B-0042-7719', true)).toMatchObject({ kind: 'more' })
    expect(entered(NOBODY_YET, '00427719', true)).toMatchObject({ kind: 'more', hint: 'Choose your name first, or scan your badge.' })
    expect(entered({ name: 'anna', pin: '' }, '482', true)).toMatchObject({ kind: 'more' })
  })

  it('is a PIN also where fingers are as quick as a scanner: no badge is so short', () => {
    expect(entered({ name: 'anna', pin: '' }, '4827', false)).toEqual({ kind: 'proof', proof: { name: 'anna', pin: '4827' } })
  })

  it('digits of one name are never tried on another', () => {
    const typed = pressed(pressed(chosen(NOBODY_YET, 'anna'), '4'), '8')
    expect(chosen(typed, 'ben')).toEqual({ name: 'ben', pin: '' })
    expect(chosen(typed, 'anna')).toEqual(typed)
    expect(erased(typed).pin).toBe('4')
    expect([isWhole(typed), isWhole({ name: 'anna', pin: '4827' }), isWhole({ name: null, pin: '4827' })]).toEqual([false, true, false])
    expect(pressed({ name: 'anna', pin: '1'.repeat(apiLimits.pinDigitsMax) }, '1').pin).toHaveLength(apiLimits.pinDigitsMax)
  })
})

it('offers the people of this shift first, and nobody without a PIN', () => {
  const people = ['anna', 'ben', 'carla', 'dora'].map((name) => ({ name, pin: name !== 'ben', badge: false }))
  const nurse = { beds: [], buddy: null, onBreak: null }
  const shift = { version: 1, startedAt: 0, endsAt: 1, isOver: false, isGone: false, by: 'dora', charge: null, nurses: [{ name: 'dora', ...nurse }, { name: 'ben', ...nurse }] }
  expect(namesToChoose({ people, shift })).toEqual(['dora', 'anna', 'carla'])
  expect(namesToChoose({ people, shift: null })).toEqual(['anna', 'carla', 'dora'])
})

it('says what is about to be done', () => {
  expect(['/api/alerts/a/acknowledge', '/api/alerts/a/pause', '/api/shift', '/api/stays/s/limits', '/api/beds/b/unassign', '/api/new'].map(deedText)).toEqual(['acknowledge this alert', 'pause the sound', 'change the shift', 'change a limit', 'say who lies where', 'do this'])
})

describe('the gate', () => {
  const done: Answer = { kind: 'done', body: {} }
  const wrong: Answer = { kind: 'failed', why: 'Badge or PIN is not right.', status: 403 }

  it('lets everything through where the session is a person’s, and signing in always', async () => {
    const free = createActorGate(() => false)
    expect(await free.pass('/api/shift', { what: 'x' }, async (body) => ({ kind: 'done', body }))).toEqual({ kind: 'done', body: { what: 'x' } })
    const gate = createActorGate(() => true)
    expect(await gate.pass('/api/login', { name: 'x' }, async (body) => ({ kind: 'done', body }))).toEqual({ kind: 'done', body: { name: 'x' } })
    expect(gate.question.value).toBeNull()
  })

  it('asks who taps, asks again when it was wrong, and forgets who it was', async () => {
    const gate = createActorGate(() => true)
    const sent: object[] = []
    const answer = gate.pass('/api/alerts/a/acknowledge', {}, async (body) => {
      sent.push(body)
      return sent.length === 1 ? wrong : done
    })
    expect(gate.question.value).toMatchObject({ deed: 'acknowledge this alert', why: '' })
    gate.answer({ name: 'anna', pin: '0000' })
    await turn()
    expect(gate.question.value).toMatchObject({ why: 'Badge or PIN is not right.', isBusy: false })
    gate.answer({ badge: 'B-0042-7719' })
    expect(await answer).toEqual(done)
    expect(sent).toEqual([{ actor: { name: 'anna', pin: '0000' } }, { actor: { badge: 'B-0042-7719' } }])
    expect(gate.question.value).toBeNull()
    void gate.pass('/api/shift', {}, async () => done)
    expect(gate.question.value).not.toBeNull()
  })

  it('a refusal of what was asked is no refusal of who asked it', async () => {
    const gate = createActorGate(() => true)
    const refused: Answer = { kind: 'failed', why: 'It has ended.', status: 409 }
    const answer = gate.pass('/api/shift', {}, async () => refused)
    gate.answer({ badge: 'B-0042-7719' })
    expect(await answer).toEqual(refused)
    expect(gate.question.value).toBeNull()
  })

  it('a later tap takes the place of an earlier one, which is not done', async () => {
    const gate = createActorGate(() => true)
    const sent: string[] = []
    const tap = (id: string): Promise<Answer> => gate.pass(`/api/alerts/${id}/acknowledge`, {}, async () => (sent.push(id), done))
    const first = tap('a')
    const second = tap('b')
    expect(await first).toMatchObject({ kind: 'failed', why: 'Nothing was done: nobody said who.' })
    gate.answer({ badge: 'B-0042-7719' })
    expect(await second).toEqual(done)
    expect(sent).toEqual(['b'])
  })

  it('nobody answers: nothing is done', async () => {
    const gate = createActorGate(() => true)
    const answer = gate.pass('/api/shift', {}, async () => expect.fail('it was sent'))
    gate.answer(null)
    expect(await answer).toMatchObject({ kind: 'failed' })
    expect(gate.question.value).toBeNull()
  })
})
