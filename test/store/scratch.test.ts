import { expect, it } from 'vitest'
import { Scratch } from '../../src/store/scratch.ts'

it('a scratch buffer loses nothing where it grows, whatever is being written there', () => {
  for (let lead = 0; lead < 9; lead++) {
    const scratch = new Scratch()
    scratch.bytes(new Uint8Array(lead))
    for (let count = 0; count < 9_000; count++) {
      scratch.u8(count % 251)
      scratch.u16(count % 65_521)
      scratch.i32(-count)
      scratch.u32(count)
      scratch.f64(count / 7)
    }
    const view = new DataView(scratch.copy())
    expect(view.byteLength).toBe(lead + 9_000 * 19)
    for (let count = 0; count < 9_000; count++) {
      const at = lead + count * 19
      const found = [view.getUint8(at), view.getUint16(at + 1, true), view.getInt32(at + 3, true), view.getUint32(at + 7, true), view.getFloat64(at + 11, true)]
      if (!(found[0] === count % 251 && found[1] === count % 65_521 && found[2] === 0 - count && found[3] === count && found[4] === count / 7)) {
        expect(found).toEqual([count % 251, count % 65_521, -count, count, count / 7])
      }
    }
  }
})

it('a scratch buffer that became very large gives its memory back, and can be used on', () => {
  const scratch = new Scratch()
  scratch.bytes(new Uint8Array(5_000_000))
  scratch.clear()
  scratch.u32(7)
  expect([scratch.length, scratch.since(0).buffer.byteLength < 1_000_000]).toEqual([4, true])
})
