/** Reading a 12-OBX ORU into readings: ours against String.split, Medplum's parser and node-hl7-client. */

import { Hl7Message } from '@medplum/core'
import { Message } from 'node-hl7-client'
import hl7 from '../../drivers/hl7/driver.ts'
import { monoMs } from '../../src/domain/time.ts'
import { ratesOf } from './measure.ts'
import { framed, oru } from './oru.ts'
import type { Bench } from './run.ts'

const VALUES = 12

export const bench: Bench = async () => {
  const text = oru('MON-1', '000000001')
  const bytes = framed(text)
  const session = hl7.open({})
  const now = monoMs(0)
  const check = (values: number): void => {
    if (values !== VALUES) throw new Error(`read ${values} values, not ${VALUES}`)
  }
  const rates = ratesOf({
    ours() {
      const [frame] = session.receive(bytes, now).frames
      check(frame?.kind === 'good' ? frame.readings.length : 0)
    },
    split() {
      let values = 0
      for (const segment of bytes.toString('utf8', 1, bytes.length - 2).split('\r')) {
        const fields = segment.split('|')
        if (fields[0] !== 'OBX') continue
        const code = fields[3]?.split('^')
        const unit = fields[6]?.split('^')
        if (code && unit && Number.isFinite(Number(fields[5]))) values++
      }
      check(values)
    },
    medplum() {
      const message = Hl7Message.parse(bytes.toString('utf8', 1, bytes.length - 2))
      let values = 0
      for (const segment of message.getAllSegments('OBX')) {
        const code = segment.getComponent(3, 1)
        const unit = segment.getComponent(6, 1)
        if (code && unit && Number.isFinite(Number(segment.getField(5)?.toString()))) values++
      }
      check(values)
    },
    'node-hl7-client'() {
      const message = new Message({ text: bytes.toString('utf8', 1, bytes.length - 2) })
      let values = 0
      for (const segment of message.get('OBX').toArray()) {
        const code = segment.get('OBX.3.1').toString()
        const unit = segment.get('OBX.6.1').toString()
        if (code && unit && Number.isFinite(Number(segment.get('OBX.5').toString()))) values++
      }
      check(values)
    },
  })
  const { ours } = rates
  return {
    bench: 'hl7',
    ratios: { split: ours / rates.split, medplum: ours / rates.medplum, 'node-hl7-client': ours / rates['node-hl7-client'] },
    absolute: { messageBytes: bytes.length, oursPerSecond: ours, splitPerSecond: rates.split, medplumPerSecond: rates.medplum, nodeHl7ClientPerSecond: rates['node-hl7-client'] },
  }
}
