import { openLogReader } from '../../src/store/log-reader.ts'
import { fakeClock } from '../fakes/clock.ts'
import { fakeStore } from '../fakes/store.ts'
import { fakeDisk, openedStore } from '../store/fake-disk.ts'
import { tempFolder } from '../store/fixture.ts'
import { storeContract } from './store.ts'

storeContract('the store thread', async () => {
  const folder = tempFolder()
  const disk = fakeDisk()
  const { store } = await openedStore({ folder: folder.path, kind: 'demo', gatewayId: 'gateway-1', clock: fakeClock(), thread: disk.thread })
  return {
    store,
    reader: () => openLogReader(folder.path),
    breakDisk: (why) => disk.fault(why === null ? 'none' : 'ioError'),
    holdDisk: () => disk.hold(),
    async [Symbol.asyncDispose]() {
      await store.close()
      folder[Symbol.dispose]()
    },
  }
})

storeContract('the fake in memory', async () => {
  const store = fakeStore()
  return {
    store,
    reader: () => store.reader(),
    breakDisk: (why) => store.breakDisk(why),
    holdDisk: () => store.holdDisk(),
    [Symbol.asyncDispose]: () => store.close(),
  }
})
