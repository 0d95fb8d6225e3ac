import type { BedView } from '../api/wire.ts'
import { momentText } from './age.ts'
import { doseText, givenText } from './patient-words.ts'
import { useGiven } from './patients.ts'
import { useStation } from './station.ts'

/** Medicines of the last day. Where none are told, nothing: a ward whose pharmacy does not send them has no such list. */
export function GivenList({ bed }: { readonly bed: BedView }) {
  const { receiver } = useStation()
  const isShown = receiver.ward.value?.you.role !== 'biomed'
  const { view, why } = useGiven(isShown ? bed.stay : null)
  const { server } = receiver.moment.value
  if (why !== '') return <section class="given" aria-label="Medicines"><h3>Medicines</h3><p class="hint">They cannot be shown. {why}</p></section>
  if (view === null || view.given.length === 0) return null
  return (
    <section class="given" aria-label="Medicines">
      <h3>Medicines <small>of the last day, as sent to Vigil</small></h3>
      <ul>
        {view.given.map((one) => {
          const at = one.from ?? one.at
          const note = givenText(one)
          return (
            <li key={`${one.id} ${one.at}`} data-void={one.action === 'deleted' || one.status === 'refused' || one.status === 'not-given'}>
              <time>{server === null ? '' : momentText(at, server)}</time>
              <span><b>{one.name === '' ? one.code : one.name}</b> {doseText(one)}{note === '' ? '' : ` — ${note}`}</span>
            </li>
          )
        })}
      </ul>
      {view.isCut && <p class="hint">There are more, earlier.</p>}
    </section>
  )
}
