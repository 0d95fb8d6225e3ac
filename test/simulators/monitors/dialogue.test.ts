import { expect, it } from 'vitest'
import { dialogue } from '../../../simulators/monitors/dialogue.ts'
import type { SimulatedDevice } from '../../../simulators/monitors/device.ts'
import type { Plug, Wire } from '../../../simulators/monitors/wire.ts'
import { createPatient } from '../../../simulators/patients/patient.ts'

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytes = (said: string): Uint8Array => new TextEncoder().encode(said)

it('a device that answers hears what comes, says what it has to by itself once it knows the patient, all at the time of the ward', () => {
  const device: SimulatedDevice = {
    hear: (heard, atMs) => [bytes(`${text(heard)}? ${atMs}`)],
    tick: ({ second }, atMs) => [bytes(`second ${second} ${atMs}`), bytes('and more')],
  }
  const said: string[] = []
  const plugs: Plug[] = []
  let now = 0
  let hear = (_bytes: Uint8Array): void => undefined
  const wire: Wire = { offer: (message) => said.push(text(message.bytes)) > 0, plug: (state) => void plugs.push(state), run: () => Promise.resolve() }
  const talk = dialogue(device, () => now, (heard) => {
    hear = heard
    return wire
  })
  const patient = createPatient(1, 'bed-1', { name: 'stable', delayS: 0 })
  talk.beat(0)
  expect(said).toEqual([])
  talk.see(patient.next())
  talk.beat(100)
  now = 150
  hear(bytes('who'))
  talk.see(patient.next())
  talk.beat(1_000)
  expect(said).toEqual(['second 0 100', 'and more', 'who? 150', 'second 1 1000', 'and more'])
  talk.plug('pulled')
  expect(plugs).toEqual(['pulled'])
})
