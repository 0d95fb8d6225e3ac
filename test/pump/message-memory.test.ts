import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import driver from '../../drivers/hl7/driver.ts'
import { utf8 } from '../../src/codec/bytes.ts'
import { deviceId } from '../../src/domain/ids.ts'
import { monoMs } from '../../src/domain/time.ts'
import { pumpLimits } from '../../src/limits.ts'
import { MessageMemory } from '../../src/pump/messages.ts'
import type { Frame, MessageIdentity } from '../../src/seams.ts'

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

const MESSAGES = 256
const TEXT_BYTES = 100_000
const DEVICE = deviceId('MON-1')

/** A frame as the driver makes it, of a message with a long note and a control id of 20 characters, as HL7 2.6 allows. */
function frameOf(index: number): Frame & { readonly kind: 'good' } {
  const id = String(index).padStart(20, '0')
  const note = String(index % 10).repeat(TEXT_BYTES)
  const text = `MSH|^~\\&|MON-1|WARD|VIGIL|WARD|20260115020000.000+0000||ORU^R01^ORU_R01|${id}|P|2.6|||AL|NE\rPV1||I|WARD^^7\rNTE|||${note}\r`
  const [frame] = driver.open({}).receive(utf8(`\x0b${text}\x1c\r`), monoMs(0)).frames
  if (frame?.kind !== 'good') throw new Error(`not taken: ${JSON.stringify(frame)?.slice(0, 200)}`)
  return frame
}

/** Megabytes that what `keep` returns for each message keeps alive. */
function megabytesKept(keep: (frame: Frame & { readonly kind: 'good' }) => unknown): number {
  collect()
  const before = process.memoryUsage().heapUsed
  const kept = Array.from({ length: MESSAGES }, (_, index) => keep(frameOf(index)))
  collect()
  const after = process.memoryUsage().heapUsed
  expect(kept).toHaveLength(MESSAGES)
  return (after - before) / 1e6
}

const ALL_MEGABYTES = (MESSAGES * TEXT_BYTES) / 1e6

describe('what stays in memory of a message', () => {
  it('is measured: who keeps the text keeps all of it', () => {
    expect(megabytesKept(({ messageId }) => messageId)).toBeGreaterThan(ALL_MEGABYTES / 2)
  })

  it('is its identity alone where it is remembered, and not the text that its id was cut from', () => {
    const memory = new MessageMemory<null>([])
    const taken = megabytesKept(({ messageId }) => memory.take(DEVICE, messageId ?? '', 1, null))
    expect(taken).toBeLessThan(ALL_MEGABYTES / 4)
    expect(memory.take(DEVICE, '00000000000000000007', 1, null).kind).toBe('repeat')
    expect(MESSAGES).toBeLessThanOrEqual(pumpLimits.messagesRememberedPerDevice)
  })

  it('is the answer alone while that waits for the disk', () => {
    expect(megabytesKept(({ reply }) => reply)).toBeLessThan(ALL_MEGABYTES / 4)
  })
})

describe('what is remembered over a restart', () => {
  /** The ring as the disk has it: a slot that is written anew comes last. */
  const disk = () => {
    const slots = new Map<number, MessageIdentity>()
    return { slots, put: (identity: MessageIdentity) => void (slots.delete(identity.slot), slots.set(identity.slot, identity)) }
  }
  const taken = (memory: MessageMemory<null>, id: string, hash = 1): MessageIdentity => {
    const verdict = memory.take(DEVICE, id, hash, null)
    if (verdict.kind === 'repeat') throw new Error(`${id} is known`)
    return verdict.identity
  }

  it.each([['a commit that failed', false], ['a control id that came again with another body', true]])('is the newest also after %s', (_, again) => {
    const { slots, put } = disk()
    const before = new MessageMemory<null>([])
    const last = pumpLimits.messagesRememberedPerDevice + 60
    for (let index = 0; index < last; index++) {
      const identity = taken(before, String(index))
      if (index === last - 10 && !again) before.forget([identity])
      else put(identity)
      if (index === last - 10 && again) put(taken(before, String(index - 5), 2))
    }
    if (again) put(taken(before, String(last - 20), 2))
    const after = new MessageMemory<null>([...slots.values()])
    for (let index = 0; index < 30; index++) taken(after, `new ${index}`)
    const newest = Array.from({ length: 8 }, (_value, index) => String(last - 1 - index))
    expect(newest.map((id) => after.take(DEVICE, id, 1, null).kind)).toEqual(newest.map(() => 'repeat'))
  })
})
