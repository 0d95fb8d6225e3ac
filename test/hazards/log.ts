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
  {
    id: 'unmeant-acknowledgement',
    hazard: 'A nurse acknowledges an alert that she has not seen, because the list moved under her finger, and nobody is called about it any more.',
    control: 'A button that moved or came within half a second takes no tap and no key, and says so; what came into a row while the finger was on its way is not meant by the tap.',
    shownBy: [
      [
        'test/web/aim.test.ts',
        'has stood there until a person could see it: half a second to the millisecond, a tap before the move least of all',
        'is no alert that just took the place of another',
        'a finger that falls where a button has just moved acknowledges nothing, says so, and may tap again',
        'nor does a finger or a key where an alert has just come',
      ],
    ],
  },
  {
    id: 'silent-station',
    hazard: 'A screen that should sound cannot, or its gateway is gone, and it is as quiet as one of a calm ward.',
    control: 'The failure signal is set on the browser’s audio clock and comes unless each heartbeat moves it away; a screen that may not sound, or was turned off, says so on every page.',
    shownBy: [
      [
        'test/web/sound-browser.test.ts',
        'a higher voice cuts a lower one within its pulse, and the failure signal comes by itself when nobody moves it',
        'a page says that its sound is blocked until somebody taps, sounds then, and says who turned it off',
      ],
      ['test/web/sound-plan.test.ts', 'one sound at a time, never a second one too soon, and the highest is always heard soon'],
      ['test/prove/quick-wire.test.ts', 'npm run prove -- not-receiving --quick passes'],
    ],
  },
  {
    id: 'stale-as-live',
    hazard: 'An old value is read as the present one, and nobody looks at the patient.',
    control: 'Every value carries its age by the page’s own clock, turns grey, and goes; all are grey as soon as the gateway is silent; backlog raises nothing.',
    shownBy: [
      [
        'test/web/freshness.test.ts',
        'is live up to its limit, grey beyond it, and gone beyond the next',
        'is grey as soon as the gateway is silent, however new it is',
        'is off the screen half a minute after the gateway was last heard, also one that may be hours old',
      ],
      ['test/rules/threshold.test.ts', 'history: a backlog raises nothing, up to the last moment that is live'],
      ['test/links/mqtt.test.ts', 'never takes a retained message for a new reading, nor a retained "online" for a living device'],
    ],
  },
  {
    id: 'absent-as-zero',
    hazard: 'A probe that fell off is read as a heart that stopped, or asystole as a probe that fell off.',
    control: 'Absent is a word with a reason; sentinels never become numbers; a measured zero stays zero and is an alarm.',
    shownBy: [
      ['test/drivers/hl7.test.ts', 'of zero is zero: a monitor that says so in asystole must be heard', 'with OBX-11 X is invalid, whatever stands in it'],
      ['test/drivers/masimo-ascii.test.ts', 'of zero without a reason are out of range, not zero', 'in trend memory are off the patient where EXC says so'],
      ['test/rules/threshold.test.ts', 'never clears: a lost probe is told once as lost'],
    ],
  },
  {
    id: 'wrong-unit',
    hazard: 'A value in °F, kPa or as a fraction is read in another unit, or a code under another name.',
    control: 'A metric has one unit inside Vigil; code, name and unit must agree or the value is quarantined.',
    shownBy: [
      ['test/drivers/hl7.test.ts', 'agree for every metric, or the value is not believed'],
      ['test/drivers/mqtt-json.test.ts', 'may be in any unit that converts'],
    ],
  },
  {
    id: 'identifier-leaves',
    hazard: 'A name, a number or a serial reaches central, and the patient is known there.',
    control: 'An allow-list compiler, random surrogates, and a scanner as the last step before bytes leave.',
    shownBy: [
      [
        'test/sync/canary.test.ts',
        'No canary planted in any field leaves, in body, batch id or status; everything else does.',
        'Control: without the allow-list every canary would leave, so the search finds what there is.',
      ],
    ],
  },
  {
    id: 'demo-as-real',
    hazard: 'A simulated or demonstrated value is taken for a patient’s, or a demo for a ward.',
    control: 'Demo and test marks travel with each value and stop before the rules; a demo refuses real rows, binds to loopback, and says so on every screen.',
    shownBy: [
      ['test/drivers/hl7.test.ts', 'demo and test mark every value, absent ones too'],
      ['test/rules/threshold.test.ts', 'values marked demo or test, nor those of a memory'],
      ['test/store/database.test.ts', 'of kind demo is refused as real, and left as it was', 'of kind real is refused as demo, and left as it was'],
      ['test/sync/anonymise.test.ts', 'say in the quality code that a monitor shows a demonstration or a test'],
    ],
  },
]
