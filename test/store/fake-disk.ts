/** A real store on a real file, with a disk that obeys. */

import { type Opened, type StoreSettings, openStore } from '../../src/store/store.ts'

/** Words of the shared memory between test and thread. */
export const CONTROL = { hold: 0, fault: 1, commits: 2 } as const
export const FAULT = { none: 0, ioError: 1, crash: 2, corrupt: 3 } as const

export type FakeDisk = {
  readonly thread: { readonly module: URL; readonly data: unknown }
  /** From now on each commit waits; call what it returns to let them go. */
  hold(): () => void
  fault(kind: keyof typeof FAULT): void
  /** Transactions that came as far as their commit. */
  commits(): number
  /** Resolves when the thread stands before a commit and there were `count` of them. */
  reached(count: number): Promise<void>
}

/** `synchronous` OFF: for tests of anything but durability. */
export function fakeDisk(synchronous: 'OFF' | 'NORMAL' | 'FULL' = 'OFF'): FakeDisk {
  const control = new Int32Array(new SharedArrayBuffer(12))
  return {
    thread: { module: new URL('./fake-disk-thread.ts', import.meta.url), data: { control: control.buffer, synchronous } },
    hold() {
      Atomics.store(control, CONTROL.hold, 1)
      return () => {
        Atomics.store(control, CONTROL.hold, 0)
        Atomics.notify(control, CONTROL.hold)
      }
    },
    fault: (kind) => void Atomics.store(control, CONTROL.fault, FAULT[kind]),
    commits: () => Atomics.load(control, CONTROL.commits),
    async reached(count) {
      for (let now = Atomics.load(control, CONTROL.commits); now < count; now = Atomics.load(control, CONTROL.commits)) {
        await Atomics.waitAsync(control, CONTROL.commits, now).value
      }
    },
  }
}

/** @throws Error when the store is refused. */
export async function openedStore(settings: StoreSettings): Promise<Opened> {
  const opened = await openStore(settings)
  if (opened.kind === 'refused') throw new Error(opened.why)
  return opened
}
