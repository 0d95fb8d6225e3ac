import { holders, wardNote } from './shift.ts'
import { useStation } from './station.ts'

/** Whose beds stand first, and what the ward must know of its people. Nothing where there is nothing to say. */
export function WhoseBar() {
  const { receiver, mine, go } = useStation()
  const ward = receiver.ward.value
  const names = holders(ward?.beds ?? [])
  const note = wardNote(ward?.gateway.people)
  if (ward === null || (names.length === 0 && note === null)) return null
  return (
    <div class="whose">
      {names.length > 0 && (
        <div role="group" aria-label="Whose beds stand first">
          <button type="button" class="quiet" aria-pressed={mine.value === null} onClick={() => (mine.value = null)}>Ward order</button>
          {names.map(([name, beds]) => (
            <button key={name} type="button" class="quiet" aria-pressed={mine.value === name} onClick={() => (mine.value = name)}>{name} <small>{beds}</small></button>
          ))}
        </div>
      )}
      {note !== null && <p class="whose-note">{note} <button type="button" class="quiet" onClick={() => go('shift')}>Shift</button></p>}
    </div>
  )
}
