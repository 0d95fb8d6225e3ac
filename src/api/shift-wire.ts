/** What travels of the shift between gateway and page. Types only. */

/** GET /api/shift. Names are those that people sign in with; null where nobody in particular is meant: the whole ward. */
export type ShiftView = WardShift & {
  /** Who may be named: nurses with an account, and whether they can say who they are at a screen of the ward. */
  readonly people: readonly { readonly name: string; readonly pin: boolean; readonly badge: boolean }[]
}

export type WardShift = {
  readonly at: number
  /** null: nobody has ever said who has which bed. */
  readonly shift: {
    readonly version: number
    readonly startedAt: number
    readonly endsAt: number
    readonly isOver: boolean
    /** Over for so long that its people are told no more. */
    readonly isGone: boolean
    readonly by: string
    readonly charge: string | null
    readonly nurses: readonly ShiftNurse[]
  } | null
  readonly beds: readonly ShiftBed[]
  /** The version that can be taken back; null: none can. */
  readonly undo: number | null
  /** When each is told of a high that nobody answers. */
  readonly times: { readonly buddySeconds: number; readonly chargeSeconds: number; readonly team: { readonly name: string; readonly seconds: number } | null }
}

export type ShiftNurse = {
  readonly name: string
  readonly beds: readonly string[]
  readonly buddy: string | null
  readonly onBreak: { readonly since: number; readonly until: number; readonly isOver: boolean } | null
}

/** `assigned`: whose the bed is in this shift. `holder`: who is told at once. `buddy`: who is told next. */
export type ShiftBed = { readonly bed: string; readonly label: string; readonly assigned: string | null; readonly holder: string | null; readonly buddy: string | null }

/** Whose a bed is, as its tile says it. */
export type BedNurse = { readonly assigned: string | null; readonly holder: string | null; readonly isStale: boolean }

/** Of the ward as a whole: for the screens to say when there is nobody. */
export type WardPeopleView = { readonly isSet: boolean; readonly isOver: boolean; readonly charge: string | null }

/** Who taps, proven at the tap: a name and its PIN, or the code on a badge. Stands as `actor` in the body of any action. */
export type ActorProof = { readonly name: string; readonly pin: string } | { readonly badge: string }

/** Beside what was watched: what whoever takes over a bed is told. */
export type HandoverBed = {
  readonly nurse: BedNurse | null
  readonly alerts: readonly { readonly text: string; readonly priority: 'high' | 'medium' | 'low'; readonly since: number; readonly acknowledged: { readonly by: string; readonly at: number } | null }[]
  readonly limits: readonly { readonly variable: string; readonly side: string; readonly beyond: number; readonly by: string; readonly until: number | null }[]
  readonly observed: { readonly at: number; readonly by: string; readonly news2: number; readonly complete: boolean } | null
}
