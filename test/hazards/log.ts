/**
 * The hazard log, executable: each hazard names the control that the product has against it, and the tests that show the
 * control at work. The reporter beside this file fails the run when one of them is missing, skipped or failing.
 */

export type Hazard = {
  readonly id: string
  /** What harm comes to whom. */
  readonly hazard: string
  /** What the product does against it. */
  readonly control: string
  /** Test file, and names of tests in it. */
  readonly shownBy: readonly (readonly [file: string, ...names: readonly string[]])[]
}

export const HAZARDS: readonly Hazard[] = [
  {
    id: 'wrong-patient',
    hazard: 'A value or an alert is shown for a patient it does not belong to, and the wrong patient is treated.',
    control: 'Values belong to a stay; a device that names another patient ends the stay; two devices that disagree belong to nobody and are an alert; an unbound device is never guessed.',
    shownBy: [
      [
        'test/pump/pump.test.ts',
        'a device that names another patient ends the stay, its alerts, and everything said of it',
        'two devices that name different patients in one bed: nobody is guessed, and it is an alert',
        'a device bound to no bed is kept, and belongs to nobody',
      ],
    ],
  },
  {
    id: 'missed-alert',
    hazard: 'A patient deteriorates and nobody is told.',
    control: 'Rules run in the turn in which the bytes came and wait for no disk; a bug in a rule or driver costs one stay or session and is said aloud; alert events outlive a failing disk.',
    shownBy: [
      [
        'test/pump/pump.test.ts',
        'publishes in the turn in which the bytes came, whatever the disk does',
        'a dead disk loses no alert event: it is stored when the disk is back',
        'a bug in a rule costs that stay its rule state and nothing else, and is said aloud',
      ],
      ['test/alerts/lifecycle.test.ts', 'data loss never ends an alert: it stays, and says so once', 'latches a high that nobody has seen, and ends it when somebody has'],
    ],
  },
  {
    id: 'lost-after-acknowledged',
    hazard: 'A monitor is told "stored", forgets the reading, and a crash loses it.',
    control: 'The answer is sent after the commit is fsynced; a failed commit asks for the message again.',
    shownBy: [
      ['test/pump/pump.test.ts', 'a frame is answered only after its commit', 'a failed commit asks the sender to send again, and the retry is stored'],
      ['test/links/mqtt.test.ts', 'sends PUBACK only after the reading was stored', 'acknowledges after the commit, and gets again what was not stored'],
    ],
  },
  {
    id: 'doubled',
    hazard: 'A reading that was sent twice counts twice.',
    control: 'Messages are known by device, control id and hash, also after a restart; alerts start once.',
    shownBy: [
      ['test/pump/pump.test.ts', 'a repeat is answered as stored before, and stored once', 'repeats are known after a restart', 'a rebooted monitor that reuses its numbers loses nothing and is noticed'],
      ['test/alerts/lifecycle.test.ts', 'starts once, however often the condition is reported'],
    ],
  },
  {
    id: 'silence-unnoticed',
    hazard: 'A monitor or the gateway goes silent, and the last good value stays on the screen.',
    control: 'Silence of each device is an alert; a lost connection is one at once; durations count on a clock that never steps.',
    shownBy: [
      [
        'test/pump/pump.test.ts',
        'a device that says nothing is an alert, and ends it when it speaks',
        'a lost connection is an alert at once',
        'a wall clock that steps neither raises nor hides silence',
      ],
    ],
  },
]
