import { type Socket, createServer } from 'node:net'
import { Message } from 'node-hl7-client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MllpFramer, mllpFrame } from '../../../src/codec/mllp.ts'
import type { SinkMemory } from '../../../src/sync/ledger.ts'
import { readBatch } from '../../../src/sync/sinks/events.ts'
import { createHl7Oru } from '../../../src/sync/sinks/hl7-oru.ts'
import { controlIdOf, escaped, groupsOf, hl7Time, oruOf } from '../../../src/sync/sinks/oru.ts'
import { batchOf, hospitalBatch } from '../../contract/sink.ts'

const HEADER = { sendingApplication: 'VIGIL', sendingFacility: 'W3', receivingApplication: 'EHR', receivingFacility: 'H', assigningAuthority: 'HOSP', unit: 'ICU' }
const AT = '2026-01-15T02:00:00.250Z'
const value = (key: string, over: object = {}, outer: object = {}) => ({
  eventType: 'confirmed-observations', key, stay: 's1', bed: 'bed-7', device: 'monitor-1', timestamp: AT,
  data: { metric: 'MDC_PULS_OXIM_SAT_O2', mdc: 150_456, loinc: '59408-5', label: 'SpO₂', unit: '%', value: 97, channel: '', ...over }, ...outer,
})
const groupsIn = (...events: readonly object[]) => groupsOf(readBatch(hospitalBatch('b1', events)).events)
const NEVER = new AbortController().signal

const textOf = (...events: readonly object[]): Promise<string> => textFor("O'Brien^Jané|x", ...events)

async function textFor(name: string | null, ...events: readonly object[]): Promise<string> {
  const [group] = groupsIn(...events)
  if (!group) throw new Error('a group')
  return Buffer.from(await oruOf(group, { mrn: '4711&0815', name, bed: 'bed-7' }, HEADER)).toString()
}

describe('a confirmed value as ORU^R01', () => {
  it('says whose, what, when, and that a person confirmed it; node-hl7-client reads it back', async () => {
    const message = new Message({ text: await textOf(value('k/1'), value('k/2', { metric: 'MDC_TEMP_CORE', mdc: 150_368, loinc: null, label: 'T', unit: 'Cel', value: 36.6 })) })
    const at = (path: string): string => message.get(path).toString()
    expect([at('MSH.9.1'), at('MSH.9.2'), at('MSH.9.3'), at('MSH.12'), at('MSH.7')]).toEqual(['ORU', 'R01', 'ORU_R01', '2.6', '20260115020000.250+0000'])
    expect([at('MSH.3'), at('MSH.5'), at('MSH.10').length, at('MSH.18')]).toEqual(['VIGIL', 'EHR', 20, 'UNICODE UTF-8'])
    expect([at('PID.3.4'), at('PID.3.5'), at('PID.5.1'), at('PV1.3.1'), at('PV1.3.3')]).toEqual(['HOSP', 'MR', "O'Brien", 'ICU', 'bed-7'])
    expect([at('OBR.25'), at('OBR.7')]).toEqual(['F', '20260115020000.250+0000'])
  })

  it('escapes what would break a field, and has one OBX with OBX-11 F for each value', async () => {
    const text = await textOf(value('k/1'), value('k/2', { metric: 'MDC_TEMP_CORE', mdc: 150_368, loinc: null, label: 'T', unit: 'Cel', value: 36.6 }))
    expect(text).toContain("PID|1||4711\\T\\0815^^^HOSP^MR||O'Brien^Jané\\F\\x\r")
    expect(text.split('\r').filter((line) => line.startsWith('OBX')).map((line) => line)).toEqual([
      'OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC^59408-5^SpO₂^LN|1|97|%^%^UCUM|||||F|||20260115020000.250+0000||||monitor-1',
      'OBX|2|NM|150368^MDC_TEMP_CORE^MDC|1|36.6|Cel^Cel^UCUM|||||F|||20260115020000.250+0000||||monitor-1',
    ])
  })

  it.each([['Doe, Jane Ann', 'Doe^Jane Ann'], ['Doe^Jane', 'Doe^Jane'], ['Doe', 'Doe'], [null, '^^^^^^U'], ['Doe, Jane, Dr.', 'Doe^Jane, Dr.']])('the name %s stands in PID-5 as %s', async (name, field) => {
    expect(/PID\|1\|\|[^|]*\|\|([^\r|]*)/.exec(await textFor(name, value('k/1')))?.[1]).toBe(field)
  })

  it('is the same message each time: its own time of sending is in none of it', async () => {
    expect(await textOf(value('k/1'))).toBe(await textOf(value('k/1')))
    expect(groupsIn(value('k/1')).map(controlIdOf)).not.toEqual(groupsIn(value('k/2')).map(controlIdOf))
  })

  it('holds what was measured together, of one stay and device', () => {
    const groups = groupsIn(value('k/1'), value('k/2'), value('k/3', {}, { stay: 's2' }), value('k/4', {}, { stay: 's2', timestamp: '2026-01-15T02:01:00.000Z' }))
    expect(groups.map(({ stay, events }) => [stay, events.length])).toEqual([['s1', 2], ['s2', 1], ['s2', 1]])
    expect(hl7Time('2026-12-31T23:59:59.999Z')).toBe('20261231235959.999+0000')
  })

  it('that was told and is not so comes in a message of its own, with OBX-11 W', async () => {
    const back = value('k/1/withdrawn', {}, { status: 'withdrawn' })
    expect(groupsIn(back, value('k/2')).map(({ isWithdrawn, events }) => [isWithdrawn, events.length])).toEqual([[true, 1], [false, 1]])
    expect(groupsIn(back).map(controlIdOf)).not.toEqual(groupsIn(value('k/1')).map(controlIdOf))
    const text = await textOf(back)
    expect(text).toContain('OBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC^59408-5^SpO₂^LN|1|97|%^%^UCUM|||||W|||20260115020000.250+0000||||monitor-1\r')
    expect(new Message({ text }).get('OBR.25').toString()).toBe('C')
  })

  it('lets no text begin a field, a component or a segment of its own', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 30 }), (text) => {
      expect(escaped(text)).not.toMatch(/[|^&~\r\n]/)
    }))
  })
})

type Reply = (id: string, socket: Socket) => string | null

async function hospital(reply: Reply, identityOf: Parameters<typeof createHl7Oru>[0]['identityOf'] = () => ({ mrn: '1', name: null, bed: 'b' })) {
  const heard: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    const framer = new MllpFramer({ frameBytesMax: 65_536, keptBytesMax: 0, noiseSpanBytesMax: 1_024 })
    socket.on('data', (bytes: Buffer) => {
      for (const frame of framer.push(Uint8Array.from(bytes))) {
        if (frame.kind !== 'message') continue
        const id = Buffer.from(frame.content).toString().split('|')[9] ?? ''
        heard.push(id)
        const said = reply(id, socket)
        if (said !== null) socket.write(mllpFrame(Buffer.from(said)))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port')
  const kept = new Map<string, string>()
  const memory: SinkMemory = { get: (name) => kept.get(name) ?? null, put: (name, text) => void (text === null ? kept.delete(name) : kept.set(name, text)), count: () => undefined }
  const sink = createHl7Oru({ id: 'ehr', host: '127.0.0.1', port: address.port, tls: null, header: HEADER, memory, identityOf })
  return {
    heard, sink,
    async [Symbol.asyncDispose]() {
      sink.close()
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
const ack = (code: string, error = ''): Reply => (id) => `MSH|^~\\&|EHR||VIGIL||20260115020000||ACK|a|P|2.6\rMSA|${code}|${id}|said\r${error}`
const ofThree = hospitalBatch('b1', [value('k/1'), value('k/2', {}, { stay: 's2' }), value('k/3', {}, { stay: 's3' })])

describe('hl7-oru', () => {
  it('never takes a batch that was made for central, nor sends anything of it', async () => {
    await using under = await hospital(ack('AA'))
    expect(await under.sink.send(batchOf('b1'), NEVER)).toMatchObject({ kind: 'refused', how: 'pause', why: expect.stringContaining('hospital lane alone') })
    expect(under.heard).toEqual([])
  })

  it.each([
    ['AA', '', { kind: 'accepted' }], ['CA', '', { kind: 'accepted' }],
    ['AE', 'ERR|||103^Table value^HL70357|E', { kind: 'partly', rejected: [{ index: 0, code: 'AE' }, { index: 1 }, { index: 2 }] }],
    ['AR', 'ERR|||200^Unsupported type^HL70357|E', { kind: 'refused', how: 'pause', why: expect.stringContaining('200') }],
    ['AR', 'ERR|||207^Internal^HL70357|E', { kind: 'retry' }], ['AR', '', { kind: 'retry' }], ['XX', '', { kind: 'retry' }],
  ])('an acknowledgement %s %s', async (code, error, answer) => {
    await using under = await hospital(ack(code, error))
    expect(await under.sink.send(ofThree, NEVER)).toMatchObject(answer)
  })

  it.each(['AE', 'AR'])('repeats nothing of an answer (%s) that names whom it is about, but its code', async (code) => {
    const identity = { mrn: 'MRN-4711', name: 'Doe, Jane', bed: 'Bed 12' }
    for (const said of ['no patient DOE^JANE here', 'unknown: mrn4711', 'nobody lies in bed 12', 's1 is closed']) {
      await using under = await hospital(ack(code, `ERR|||204^Unknown key^HL70357|E||||${said}`), () => identity)
      const answer = JSON.stringify(await under.sink.send(hospitalBatch('b1', [value('k/1')]), NEVER))
      expect(answer).toContain('204')
      expect(answer).not.toMatch(/\bdoe\b|jane|4711|12|s1/i)
    }
  })

  it('does not take the answer to one message for that to another, nor noise for an answer', async () => {
    await using wrong = await hospital(() => 'MSH|^~\\&|E||V||2026||ACK|a|P|2.6\rMSA|AA|somebody else')
    expect(await wrong.sink.send(ofThree, NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('another message') })
    await using noise = await hospital(() => 'hello')
    expect(await noise.sink.send(ofThree, NEVER)).toMatchObject({ kind: 'retry', why: expect.stringContaining('no acknowledgement') })
  })

  it('goes on where it stopped: what was acknowledged is not sent again', async () => {
    let calls = 0
    await using under = await hospital((id, socket) => {
      if (++calls === 2) {
        socket.destroy()
        return null
      }
      return ack('AA')(id, socket)
    })
    expect(await under.sink.send(ofThree, NEVER)).toMatchObject({ kind: 'retry' })
    expect(await under.sink.send(ofThree, NEVER)).toEqual({ kind: 'accepted' })
    // The second went twice, under one number, for nobody knows whether its first was heard.
    expect(under.heard).toHaveLength(4)
    expect(new Set(under.heard).size).toBe(3)
  })

  it('sends nothing of a stay whose name is not known, or erased since', async () => {
    await using under = await hospital(ack('AA'), (stay) => (stay === 's2' ? null : { mrn: stay === 's3' ? null : '1', name: null, bed: 'b' }))
    expect(await under.sink.send(ofThree, NEVER)).toMatchObject({ kind: 'partly', rejected: [{ index: 1, code: 'NO-IDENTITY' }, { index: 2, code: 'NO-IDENTITY' }] })
    expect(under.heard).toHaveLength(1)
  })

  it('gives up on a system that does not answer, and on one that answers without end', async () => {
    await using endless = await hospital((_id, socket) => {
      socket.write(Buffer.concat([Buffer.from([0x0b]), Buffer.alloc(200_000, 65)]))
      return null
    })
    expect(await endless.sink.send(ofThree, NEVER)).toMatchObject({ kind: 'retry' })
  })
})
