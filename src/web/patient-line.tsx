import type { BedView } from '../api/wire.ts'

/** Who lies here, as far as anybody said. A name that a monitor or the registry sent is not one that somebody confirmed at the bedside. */
export function PatientLine({ bed }: { readonly bed: BedView }) {
  const { name, mrn, identified } = bed.patient
  if (bed.stay === null) return <p class="patient" data-known="false"><span class="name">no patient known</span></p>
  if (identified === 'none') return <p class="patient" data-known="false"><span class="name">not identified</span></p>
  if (name === null && mrn === null) return <p class="patient" data-known="false"><span class="name">name not shown to your role</span></p>
  return (
    <p class="patient">
      <span class="name" title={name ?? undefined}>{name ?? mrn}</span>
      <span class="identity">
        {name !== null && mrn !== null && <span class="mrn">{mrn}</span>}
        <span class="asserted">
          {identified === 'confirmed' ? 'confirmed' : <><span class="by">{identified === 'registered' ? 'from the registry, ' : 'sent by the monitor, '}</span>not confirmed</>}
        </span>
      </span>
    </p>
  )
}
