import { describe, expect, test } from 'vitest'
import { REFUSED } from '../../src/api/association-routes.ts'
import { ASSOCIATION_SCHEMAS } from '../../src/api/association-views.ts'
import { associationLimits } from '../../src/limits.ts'
import { REFUSALS } from '../../src/pump/ledger-hands.ts'
import { AT, startWard } from './support.ts'

const post = (cookie: string, body: unknown = {}) => ({ method: 'POST', cookie, body })
const longest = '7'.repeat(associationLimits.identityCharsMax)

describe('who lies where', () => {
  test('what a nurse says reaches the ward under her name, and comes back with the number of the fact', async () => {
    const { ask, signIn, ward } = await startWard()
    const cookie = await signIn('nurse')
    const said = [
      ['/api/associations/scan', { mrn: '4711', name: 'Ada Lovelace', device: 'monitor-1' }, { what: 'scan', patient: { name: 'Ada Lovelace', mrn: '4711' }, device: 'monitor-1' }],
      ['/api/associations/scan', { mrn: '4711', bornOn: '1815-12', bed: 'bed-1' }, { what: 'scan', patient: { name: null, mrn: '4711', bornOn: '1815-12' }, bed: 'bed-1' }],
      ['/api/associations/type', { mrn: '4711', bed: 'bed-1' }, { what: 'type', patient: { name: null, mrn: '4711' }, bed: 'bed-1' }],
      ['/api/associations/7/confirm', {}, { what: 'confirm', fact: 7 }],
      ['/api/associations/7/withdraw', {}, { what: 'withdraw', fact: 7 }],
      ['/api/beds/bed-1/unassign', {}, { what: 'unassign', bed: 'bed-1' }],
    ] as const
    for (const [path, body, request] of said) {
      ward.asked.length = 0
      const answer = await ask(path, post(cookie, body))
      expect([path, answer.status, await answer.json()]).toEqual([path, 200, { kind: 'done', fact: 8 }])
      expect(ward.asked).toEqual([`anna ${JSON.stringify(request)}`])
    }
  })

  test('what waits for a second person says so', async () => {
    const { ask, signIn, ward } = await startWard()
    ward.associated = { kind: 'proposed', fact: 9 }
    expect(await (await ask('/api/associations/type', post(await signIn('nurse'), { mrn: '1', bed: 'bed-1' }))).json()).toEqual({ kind: 'proposed', fact: 9 })
  })

  test('each refusal has a sentence of its own', async () => {
    const { ask, signIn, ward } = await startWard()
    const cookie = await signIn('biomed')
    for (const why of REFUSALS) {
      ward.associated = { kind: 'refused', why }
      const answer = await ask('/api/associations/scan', post(cookie, { mrn: '4711', bed: 'bed-1' }))
      expect([answer.status, await answer.json()]).toEqual([REFUSED[why].status, { detail: REFUSED[why].words }])
    }
    expect(new Set(Object.values(REFUSED).map(({ words }) => words)).size).toBe(REFUSALS.length)
  })

  const ASKED = [
    ['/api/associations/scan', { bed: 'bed-1' }, 422],
    ['/api/associations/scan', { mrn: '4711' }, 422],
    ['/api/associations/scan', { mrn: longest, bed: 'bed-1' }, 200],
    ['/api/associations/scan', { mrn: `${longest}7`, bed: 'bed-1' }, 422],
    ['/api/associations/scan', { mrn: 4_711, bed: 'bed-1' }, 422],
    ['/api/associations/scan', { mrn: '4711', bed: 'bed-1', by: 'somebody else' }, 422],
    ['/api/associations/type', { mrn: '4711', device: 'monitor-1' }, 422],
    ['/api/associations/type', { mrn: '4711', bed: 'bed-1', bornOn: 'long ago' }, 422],
    ['/api/associations/none/confirm', {}, 404],
    ['/api/associations/-1/withdraw', {}, 404],
    ['/api/registry/lookup', { number: '' }, 422],
    ['/api/registry/lookup', { number: `${longest}7` }, 422],
  ] as const
  test('what nobody can mean does not reach the ward', async () => {
    const { ask, signIn, ward } = await startWard()
    const cookie = await signIn('nurse')
    for (const [path, body, status] of ASKED) {
      ward.asked.length = 0
      expect([path, body, (await ask(path, post(cookie, body))).status]).toEqual([path, body, status])
      expect(ward.asked).toHaveLength(status === 200 ? 1 : 0)
    }
  })

  test('an engineer sees how things stand and the number that is to be compared, and no name', async () => {
    const { ask, signIn } = await startWard()
    const seenBy = async (role: 'nurse' | 'biomed') => {
      const cookie = await signIn(role)
      return { list: await (await ask('/api/associations', { cookie })).json(), bed: await (await ask('/api/beds/bed-1/association', { cookie })).json() }
    }
    const nurse = await seenBy('nurse')
    expect(ASSOCIATION_SCHEMAS.Associations.parse(nurse.list)).toMatchObject({ hasRegistry: true, beds: [{ occupant: { patient: { name: 'Ada Lovelace', mrn: '4711' }, since: AT } }] })
    expect(ASSOCIATION_SCHEMAS.BedAssociation.parse(nurse.bed).facts).toMatchObject([{ patient: { name: 'Grace Hopper' } }])
    const engineer = await seenBy('biomed')
    for (const secret of ['Ada', 'Grace', '4711', '1815']) expect(JSON.stringify(engineer)).not.toContain(secret)
    expect(ASSOCIATION_SCHEMAS.Associations.parse(engineer.list).beds).toMatchObject([{ occupant: { standing: 'confirmed' }, disputes: [{ kind: 'registry-has-another' }], proposals: [{ fact: 7, patient: { mrn: '4712', name: null } }] }])
    expect(ASSOCIATION_SCHEMAS.BedAssociation.parse(engineer.bed).facts).toMatchObject([{ kind: 'placed', by: 'anna', patient: { mrn: null, name: null } }])
  })

  test('a bed that is none is not there', async () => {
    const { ask, signIn } = await startWard()
    expect((await ask('/api/beds/bed-9/association', { cookie: await signIn('nurse') })).status).toBe(404)
  })
})

describe('the registry', () => {
  test('passes on what it says as it is: unknown is not nobody', async () => {
    const { ask, signIn, ward } = await startWard()
    const cookie = await signIn('nurse')
    const said = [
      { kind: 'found', patients: [{ identity: { mrn: '4711', name: 'Ada Lovelace' }, location: 'ICU^1^2' }], isMore: false },
      { kind: 'nobody' },
      { kind: 'refused', why: 'AE' },
      { kind: 'unknown', why: 'The registry does not answer.' },
    ] as const
    for (const looked of said) {
      ward.looked = looked
      expect(await (await ask('/api/registry/lookup', post(cookie, { number: '4711' }))).json()).toEqual(looked)
    }
    expect(ward.asked).toEqual(said.map(() => 'lookup 4711 by anna'))
  })
})

test('medicines given are those of the stay', async () => {
  const { ask, signIn, ward } = await startWard()
  const answer = await (await ask('/api/stays/stay-bed-1/given', { cookie: await signIn('nurse') })).json()
  expect(ASSOCIATION_SCHEMAS.Given.parse(answer)).toMatchObject({ given: [{ name: 'Paracetamol', at: AT }], isCut: false })
  expect(ward.asked).toEqual(['given stay-bed-1'])
})
