import { expect, it } from 'vitest'
import { parseSite } from '../../src/config/load.ts'

const SITE = `gateway: { id: gw, ward: Ward, data: /nowhere }
beds: [{ id: bed-1, label: '1' }]
links: [{ kind: mllp-listen, id: in, port: 0 }]
notify: { ways: [{ kind: tap, id: pager, line: { host: localhost, port: 1 }, to: ['1'] }, { kind: webhook, id: chat, url: 'https://chat.example' }] }
`
const parsed = (escalation: string) => parseSite(`${SITE}${escalation}\n`, 'site.yaml')
const problems = (escalation: string): string => {
  const loaded = parsed(escalation)
  return loaded.kind === 'wrong' ? loaded.problems.join('\n') : expect.fail('it was taken')
}

it('tells the buddy after two minutes and the charge nurse after five, and no team, where nothing is said', () => {
  const loaded = parsed('')
  expect(loaded.kind === 'ok' && loaded.site.escalation).toEqual({ buddySeconds: 120, chargeSeconds: 300, people: [] })
})

it('takes people with pagers, and a team', () => {
  expect(parsed("escalation: { team: { name: rapid response, seconds: 600, calls: [{ way: pager, address: '911' }] }, people: [{ name: anna, way: pager, address: '11' }] }").kind).toBe('ok')
})

it('refuses times out of order, a way that there is not or that calls nobody, and a name that is none, each with its place', () => {
  expect(problems('escalation: { buddySeconds: 300, chargeSeconds: 120 }')).toContain('must not be less than buddySeconds')
  expect(problems('escalation: { team: { name: team, seconds: 60 } }')).toContain('must not be less than chargeSeconds')
  expect(problems("escalation: { people: [{ name: anna, way: pagr, address: '11' }] }")).toMatch(/^site\.yaml:5:\d+: there is no way "pagr"/)
  expect(problems("escalation: { people: [{ name: anna, way: chat, address: '11' }] }")).toContain('calls nobody by number')
  expect(problems("escalation: { people: [{ name: '<b>', way: pager, address: '11' }] }")).toContain('must be 1 to 40 letters')
  expect(problems('escalation: { buddySeconds: 5 }')).toContain('buddySeconds')
})
