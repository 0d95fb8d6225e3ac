import { onTestFinished, expect, it } from 'vitest'
import { demoWard } from '../../../simulators/demo-ward.ts'
import { createRegistryStation, REGISTRY_SENDER } from '../../../simulators/monitors/registry.ts'
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
  const atBeds = beds.slice(0, -1)
  await gateway.frame(atBeds.length)
  const told = gateway.frames.map((frame) => {
    const [header = '', , person = '', visit = ''] = frame.split('\r')
    return [header.split('|')[2], header.split('|')[8], person.split('|')[3], visit.split('|')[3]]
  })
  expect(told).toEqual(atBeds.map(({ bed, patient }) => [REGISTRY_SENDER, 'ADT^A01^ADT_A01', expect.stringContaining(`${patient?.mrn}^`), `WARD^^${bed}`]))
})
