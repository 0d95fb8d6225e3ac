import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { describe, expect, it } from 'vitest'
import { configuredWays, type MailServer } from '../../../src/alerts/ways/configured.ts'
import { parseSite } from '../../../src/config/load.ts'
import { fakeClock } from '../../fakes/clock.ts'

const SITE = `
gateway: { id: g, ward: Ward 3, data: data }
beds: [{ id: bed-1, label: Bed 1 }]
links: [{ kind: mllp-listen, id: l, port: 0 }]
notify:
  ways:
`
const problems = (ways: string): readonly string[] => {
  const loaded = parseSite(SITE + ways, 'site.yaml')
  return loaded.kind === 'wrong' ? loaded.problems : []
}

const EACH = `
    - { kind: webhook, id: hook, url: 'https://h.example/hook', secret: { env: KEY } }
    - { kind: webhook, id: slack, url: 'http://127.0.0.1:1/s', style: slack }
    - { kind: mail, id: mail, host: smtp.h.example, from: vigil@h.example, to: [a@h.example], password: { env: KEY } }
    - { kind: mqtt, id: mqtt, url: 'mqtt://127.0.0.1:1', clientId: out }
    - { kind: hl7-pcd04, id: am, host: am.h.example, port: 2575, sends: { beds: [bed-1] } }
    - { kind: espa, id: espa, line: { path: /dev/ttyUSB9 }, to: ['4711', '4712'], statuses: { delivered: ['3'] } }
    - { kind: tap, id: tap, line: { host: moxa.h.example, port: 4001 }, to: ['1'], sends: { priorities: [high] } }
`

describe('the ways that a site names', () => {
  it('are made with the defaults of their kind: no patient data by web, mail and MQTT, and technical alerts alone', async () => {
    const loaded = parseSite(SITE + EACH, 'site.yaml')
    if (loaded.kind === 'wrong') throw new Error(loaded.problems.join('\n'))
    const mails: MailServer[] = []
    const ways = await configuredWays(loaded.site.notify, {
      gateway: loaded.site.gateway, clock: fakeClock(), log: pino({ level: 'silent' }), secretOf: () => 'secret', fileOf: () => 'pem', mrnOf: () => null,
      openPort: () => Promise.resolve({ kind: 'failed', why: 'no' }),
      mailTransport(server) {
        mails.push(server)
        return { sendMail: () => Promise.resolve() }
      },
    })
    expect(ways.map(({ way, sends, addresses, endings, patientData, failingAfterMs }) => [way.id, way.says, sends.types.length, sends.priorities.length, sends.beds, addresses, endings, patientData, failingAfterMs])).toEqual([
      ['hook', 'all', 1, 3, null, [], true, false, 30_000],
      ['slack', 'calls', 1, 3, null, [], true, false, 30_000],
      ['mail', 'calls', 1, 3, null, [], false, false, 30_000],
      ['mqtt', 'all', 1, 3, null, [], true, false, 30_000],
      ['am', 'all', 3, 3, ['bed-1'], [], true, true, 30_000],
      ['espa', 'calls', 2, 2, null, ['4711', '4712'], false, true, 30_000],
      ['tap', 'calls', 2, 1, null, ['1'], false, true, 30_000],
    ])
    expect(mails).toMatchObject([{ host: 'smtp.h.example', port: 587, security: 'starttls', secret: 'secret' }])
  })

  it('cannot be named twice, name beds that are not there, or carry alerts over the network in the open', () => {
    expect(problems(EACH + "    - { kind: tap, id: espa, line: { path: /dev/x }, to: ['1'] }\n")).toEqual([expect.stringMatching(/"espa" is named twice in notify.ways\.$/)])
    expect(problems("    - { kind: tap, id: t, line: { path: /dev/x }, to: ['1'], sends: { beds: [bed-9] } }\n")).toEqual([expect.stringMatching(/there is no bed "bed-9"/)])
    expect(problems("    - { kind: webhook, id: t, url: 'http://h.example/hook' }\n")).toEqual([expect.stringMatching(/must be https/)])
    expect(problems("    - { kind: webhook, id: t, url: 'http://127.0.0.1.h.example/hook' }\n")).toEqual([expect.stringMatching(/must be https/)])
    expect(problems('    - { kind: mail, id: t, host: h.example, security: none, from: a@h.example, to: [b@h.example] }\n')).toEqual([expect.stringMatching(/server on this machine/)])
    expect(problems("    - { kind: espa, id: t, line: { path: /dev/x }, to: ['1'], pagingAddress: '1' }\n")).toEqual([expect.stringMatching(/must differ/)])
    expect(problems("    - { kind: tap, id: t, line: { path: /dev/x }, to: ['1;2'] }\n")).toEqual([expect.stringMatching(/letters and digits/)])
  })

  it('stand in no site that names none', () => {
    const loaded = parseSite(readFileSync(join(import.meta.dirname, '../../../config/site.example.yaml'), 'utf8').replace(/\nnotify:[\s\S]*?\n\n/, '\n\n'), 'site.yaml')
    expect(loaded.kind === 'ok' ? loaded.site.notify.ways : loaded.problems).toEqual([])
  })
})
