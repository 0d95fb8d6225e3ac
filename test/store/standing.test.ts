import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { wallMs } from '../../src/domain/time.ts'
import { readOpening } from '../../src/store/opening.ts'
import { START, tempFolder, tick } from './fixture.ts'
import { writing } from './writing.ts'

const bed = (state: string, after = 0) => ({ key: 'bed/bed-7', at: wallMs(START + after), value: { state } })

it('what was said last of the house stands at the next start, and what was said before it does not', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ standing: [bed('empty'), { key: 'mode', at: START, value: null }] }), tick({ standing: [bed('cleaning', 5), bed('occupied', 9)] }))
  expect(readOpening(folder.path)).toMatchObject({ standing: [bed('occupied', 9), { key: 'mode', at: START, value: null }], damaged: [] })
})

it('what is damaged is as if nobody had said it, and is told', () => {
  using folder = tempFolder()
  using open = writing(folder.path)
  open.write(tick({ standing: [bed('cleaning'), { key: 'mode', at: START, value: 'live' }] }))
  const db = new Database(join(folder.path, 'vigil.db'))
  db.exec("UPDATE standing SET body = '\"maintenance\"' WHERE key = 'mode'")
  db.close()
  expect(readOpening(folder.path)).toMatchObject({ standing: [bed('cleaning')], damaged: [{ table: 'standing', row: 'mode' }] })
})
