/** Vigil's own JSON over MQTT, topic `vigil/v1/{device}/readings`; also any stream of such objects. */

import { type Driver, type JsonMessage, jsonSession } from '#driver'
import { readPayload } from './payload.ts'

const driver: Driver = {
  id: 'mqtt-json',
  title: 'Vigil JSON over MQTT',
  transport: 'mqtt',
  integrity: 'transport',
  settings: [],
  open: () => jsonSession({ takesLists: false, read }),
}
export default driver

function read(text: string, topicDevice: string | null): JsonMessage | string {
  const payload = readPayload(text)
  return typeof payload === 'string' ? payload : { ...payload, sender: { name: topicDevice, location: null }, waveforms: [], alarms: [] }
}
