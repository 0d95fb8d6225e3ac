import { onTestFinished, expect, it } from 'vitest'
import { demoWard } from '../../../simulators/demo-ward.ts'
import { createRegistryStation, REGISTRY_SENDER } from '../../../simulators/monitors/registry.ts'
import { createRegistry } from '../../../src/registry.ts'
import { fakeClock } from '../../fakes/clock.ts'
import { freePort } from '../../free-port.ts'
import { fakeGateway } from '../fake-gateway.ts'

const START = Date.UTC(2026, 0, 1)

it('the registry admits each patient to the bed where the monitor stands, once, and nobody to an analyser', async () => {
  const gateway = await fakeGateway()
  const stop = new AbortController()
  const { beds } = demoWard({
    seed: 1, size: 'full', hl7: { host: 'x', port: 1 }, mqtt: { url: 'mqtt://x', passwordOf: () => '' }, intellivue: { host: 'x', port: 1 }, pds: { host: 'x', port: 1, ownPort: 1 }, serialFolder: '/tmp',
  })
  const { wire, tick } = createRegistryStation({ host: '127.0.0.1', port: gateway.port }, beds, { note: () => undefined, settled: () => undefined })
  const running = wire.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await running
    await gateway.close()
  })
  for (let second = 0; second < 600; second++) tick(second, START + second * 1_000)
  const atBeds = beds.filter(({ transport }) => transport.kind !== 'serial' || transport.model !== 'blood-gas')
  await gateway.frame(atBeds.length)
  const told = gateway.frames.map((frame) => {
    const [header = '', , person = '', visit = ''] = frame.split('\r')
    return [header.split('|')[2], header.split('|')[8], person.split('|')[3], visit.split('|')[3]]
  })
  expect(told).toEqual(atBeds.map(({ bed, patient }) => [REGISTRY_SENDER, 'ADT^A01^ADT_A01', expect.stringContaining(`${patient?.mrn}^`), `WARD^^${bed}`]))
})

it.each([0, 30])('one bed changes hands: each guest comes, is discharged, and leaves the bed empty for %i s; nobody else is admitted where only guests are', async (emptyS) => {
  const gateway = await fakeGateway()
  const stop = new AbortController()
  const plan = demoWard({
    seed: 1, size: 'small', hl7: { host: '127.0.0.1', port: gateway.port }, mqtt: { url: 'mqtt://x', passwordOf: () => '' }, intellivue: { host: 'x', port: 1 }, pds: { host: 'x', port: 1, ownPort: 1 },
    serialFolder: '/tmp',
  })
  const guests = { bed: 'bed-10', stayS: 180, emptyS }
  expect(plan.registry?.guests).toEqual({ ...guests, emptyS: 0 })
  const { wire, tick } = createRegistryStation({ host: '', port: 0, ...plan.registry, guests }, plan.beds, { note: () => undefined, settled: () => undefined })
  const running = wire.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await running
    await gateway.close()
  })
  for (let second = 0; second < 20 + 2 * (180 + emptyS) + (emptyS === 0 ? 1 : 0); second++) tick(second, START + second * 1_000)
  await gateway.frame(emptyS === 0 ? 5 : 4)
  const told = gateway.frames.map((frame) => {
    const [header = '', , person = '', visit = ''] = frame.split('\r')
    return [header.split('|')[8]?.slice(0, 7), person.split('|')[5]?.split('^')[0], visit.split('|')[3]]
  })
  const next = emptyS === 0 ? [['ADT^A01', 'Cypress', 'WARD^^bed-10']] : []
  expect(told).toEqual([...['Acacia', 'Bamboo'].flatMap((name) => [['ADT^A01', name, 'WARD^^bed-10'], ['ADT^A03', name, 'WARD^^bed-10']]), ...next])
})

it('the registry answers whose number it is, once the patient is admitted', async () => {
  const [gateway, ownPort] = [await fakeGateway(), await freePort()]
  const stop = new AbortController()
  const bed = { bed: 'bed-1', device: 'monitor-1', scenario: 'stable', patient: { mrn: 'DEMO-1', name: 'Ada Ash' }, transport: { kind: 'hl7', host: 'x', port: 1 } } as const
  const { wire, tick } = createRegistryStation({ host: '127.0.0.1', port: gateway.port, ownPort }, [bed], { note: () => undefined, settled: () => undefined })
  const running = wire.run(stop.signal)
  onTestFinished(async () => {
    stop.abort()
    await running
    await gateway.close()
  })
  const registry = createRegistry({ host: '127.0.0.1', port: ownPort, dialect: 'Q22', application: REGISTRY_SENDER, facility: '', authority: '', timeoutMs: 60_000 }, fakeClock())
  const ask = () => registry.ask({ by: 'number', number: 'DEMO-1' }, stop.signal)
  expect(await ask()).toEqual({ kind: 'nobody' })
  for (let second = 0; second <= 20; second++) tick(second, START + second * 1_000)
  expect(await ask()).toMatchObject({ kind: 'found', patients: [{ identity: { mrn: 'DEMO-1', name: 'Ash, Ada' }, location: 'WARD^^bed-1' }] })
})
