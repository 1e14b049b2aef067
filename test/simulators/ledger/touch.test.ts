import { describe, expect, it } from 'vitest';
import { holdMs } from '../../../simulators/ledger/os/finger.ts';
import { models } from '../../../simulators/ledger/os/model.ts';
import { takePicture } from '../../../simulators/ledger/os/picture.ts';
import { tickMs } from '../../../simulators/ledger/os/ticker.ts';
import type { Review } from '../../../simulators/ledger/os/ui.ts';
import { base, sign } from './ethereum.ts';
import { Person } from './person.ts';

const touchModels = ['stax', 'flex'] as const;
const getAddress = 'e002010015058000002c8000003c800000000000000000000000';
const signHashes = `e00c000055058000002c8000003c800000000000000000000000${'11'.repeat(64)}`;
const home = 'Ethereum\nThis app enables signing\ntransactions on the Ethereum\nnetwork.\nQuit app';

/** Places that tests for Ledger's own devices touch (ragger). */
const places = {
  stax: {
    next: [342, 606],
    previous: [200, 606],
    reject: [36, 606],
    confirm: [200, 515],
    corner: [342, 55],
    back: [36, 36],
  },
  flex: {
    next: [430, 550],
    previous: [240, 550],
    reject: [55, 530],
    confirm: [240, 435],
    corner: [405, 75],
    back: [45, 45],
  },
} as const;

function at(person: Person, model: 'stax' | 'flex', place: keyof (typeof places)['stax'], heldMs = 0): void {
  const [x, y] = places[model][place];
  person.device.finger(x, y, 'press-and-release', heldMs);
}

const labels = ['From', 'Amount', 'To', 'Max fees'];

/** The screens of the review that is on, as arrows turn them. */
function turn(person: Person, model: 'stax' | 'flex'): string[] {
  const screens = [person.screen];
  for (let steps = 0; steps < 50; steps++) {
    at(person, model, 'next');
    if (person.screen === screens.at(-1)) return screens;
    screens.push(person.screen);
  }
  throw new Error('the pages have no end');
}

describe.each(touchModels)('a review on %s', (model) => {
  it('is turned by arrows, page by numbered page, and signed by a long press', () => {
    const person = new Person(model);
    expect(person.screen).toBe(home);
    expect(sign(person, { ...base, value: 10n ** 18n })).toBeUndefined();
    const screens = turn(person, model);
    expect(screens.map((page) => page.split('\n').filter((line) => labels.includes(line)))).toEqual(
      model === 'stax'
        ? [[], ['From', 'Amount', 'To', 'Max fees'], []]
        : [[], ['From', 'Amount'], ['To', 'Max fees'], []],
    );
    expect(screens[0]).toBe(
      'Review transaction\nSwipe to review\nReject\n1 of 3'.replaceAll('3', String(screens.length)),
    );
    expect(screens.slice(1, -1).join('\n')).toMatch(/^From\n0xDad.*\nAmount\n1 ETH\n.*To\n0x709.*Max fees\n/s);
    expect(screens.at(-1)).toBe(`Sign transaction?\nHold to sign\nReject\n${screens.length} of ${screens.length}`);
    at(person, model, 'previous');
    expect(person.screen).toBe(screens.at(-2));
    at(person, model, 'next');
    at(person, model, 'confirm', 3000);
    expect(person.screen).toBe('Transaction signed');
    expect(person.replies).toEqual([expect.stringMatching(/^0[01][0-9a-f]{128}9000$/)]);
  });

  it('isn’t signed by a finger that leaves too early', () => {
    const person = new Person(model);
    sign(person, base);
    turn(person, model);
    at(person, model, 'confirm');
    at(person, model, 'confirm', holdMs - 1);
    expect(person.replies).toEqual([]);
    at(person, model, 'confirm', holdMs);
    expect(person.replies).toHaveLength(1);
  });

  it('is refused after a question', () => {
    const person = new Person(model);
    sign(person, base);
    at(person, model, 'next');
    const page = person.screen;
    at(person, model, 'reject');
    expect(person.screen).toBe('Reject transaction?\nYes, reject\nGo back to transaction');
    person.touch('Go back to transaction');
    expect(person.screen).toBe(page);
    at(person, model, 'reject');
    at(person, model, 'confirm');
    expect(person.replies).toEqual(['6985']);
    expect(person.screen).toBe('Transaction rejected');
  });

  it('of a message says message', () => {
    const person = new Person(model);
    person.send('e00800001a058000002c8000003c8000000000000000000000000000000161');
    expect(turn(person, model).at(-1)).toMatch(/^Sign message\?\nHold to sign\n/);
    at(person, model, 'reject');
    expect(person.screen).toBe('Reject message?\nYes, reject\nGo back to message');
  });

  it('does nothing where nothing is, nor at buttons', () => {
    const person = new Person(model);
    sign(person, base);
    const { screen } = person;
    person.device.finger(models[model].width >> 1, 5, 'press-and-release', 5000);
    person.device.finger(-1, 10_000, 'press-and-release');
    at(person, model, 'previous');
    person.press('right');
    person.press('both');
    expect(person.screen).toBe(screen);
    expect(person.replies).toEqual([]);
  });

  it('of an address shows it whole, as a code too, and is confirmed by a tap', () => {
    const person = new Person(model);
    person.send(getAddress);
    expect(person.screen).toBe('Verify Ethereum\naddress\nSwipe to continue\nCancel\n1 of 2');
    at(person, model, 'next');
    const address = person.screen;
    expect(address.replaceAll('\n', '')).toBe(
      'Address0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8DShow as QRConfirmCancel2 of 2',
    );
    person.touch('Show as QR');
    expect(person.screen.replaceAll('\n', '')).toBe('0xDad77910DbDFdE764fC21FCD4E74D71bBACA6D8DClose');
    person.touch('Close');
    expect(person.screen).toBe(address);
    at(person, model, 'confirm');
    expect(person.screen).toBe('Address verified');
    expect(person.replies[0]).toMatch(/9000$/);
    person.device.finger(200, 300, 'press-and-release');
    person.send(getAddress);
    at(person, model, 'reject');
    expect(person.screen).toBe('Address verification\ncancelled');
    expect(person.replies[1]).toBe('6985');
  });
});

describe.each(touchModels)('the settings on %s', (model) => {
  it('take as many pages as they need, and one for what the app is; a tap changes one, the corner leads back', () => {
    const person = new Person(model);
    at(person, model, 'corner');
    const pages = turn(person, model);
    const names = ['Blind signing', 'Nonce', 'Raw messages', 'Smart accounts', 'Debug contracts', 'Transaction hash'];
    const shown = pages.map((page) => page.split('\n').filter((line) => names.includes(line)).length);
    expect(shown).toEqual(model === 'stax' ? [4, 2, 0] : [2, 2, 2, 0]);
    expect(pages.at(-1)).toBe(
      'Ethereum\nVersion\n1.22.0\nDeveloper\nLedger\nCopyright\nLedger (c) 2025\nN of N'.replaceAll(
        'N',
        String(pages.length),
      ),
    );
    at(person, model, 'previous');
    person.touch('Transaction hash');
    expect(person.screen).toBe(pages.at(-2));
    at(person, model, 'back');
    expect(person.screen).toBe(home);
    sign(person, base);
    expect(turn(person, model).join('\n')).toContain('\nTransaction hash\n0x');
  });

  it('of an app without any are what it is; “Quit app” ends it', () => {
    const person = new Person(model, undefined, 'bitcoin');
    at(person, model, 'corner');
    expect(person.screen).toMatch(/^Bitcoin\nVersion\n2\.4\.6\n.*2025 Ledger$/s);
    at(person, model, 'back');
    person.touch('Quit app');
    expect(person.screen).toMatch(/^Dashboard\n/);
  });
});

describe.each(touchModels)('a warning on %s', (model) => {
  function blind(): Person {
    const person = new Person(model);
    at(person, model, 'corner');
    person.touch('Blind signing');
    at(person, model, 'back');
    expect(person.screen).toBe(home);
    return person;
  }

  it('comes before a blind review: going on lies below, where the arrow to the next page would be', () => {
    const person = blind();
    person.send(signHashes);
    expect(person.screen).toMatch(/^Blind signing ahead\n.*\nBack to safety\nContinue anyway$/s);
    at(person, model, 'next');
    expect(person.screen).toMatch(/^Review typed\smessage\nSwipe to review\nBlind signing required\.\nReject\n1 of /);
    person.send(signHashes);
    at(person, model, 'confirm');
    expect(person.replies).toEqual(['6985']);
    expect(person.screen).toBe('Message rejected');
  });

  it('that blind signing is off leads to the settings', () => {
    const person = new Person(model);
    expect(person.send(signHashes)).toBe('6a80');
    expect(person.screen).toMatch(
      /^This transaction\scannot\sbe\sclear-signed\n.*\nGo to settings\nReject transaction$/s,
    );
    person.touch('Reject transaction');
    expect(person.screen).toBe(home);
    person.send(signHashes);
    person.touch('Go to settings');
    expect(person.screen).toMatch(/^Ethereum\nBlind signing\n/);
  });
});

describe('what the system draws on a touch screen', () => {
  const review: Review = {
    operation: 'operation',
    title: 'Review',
    pairs: [['One', '1']],
    approve: { nano: 'Approve it', touch: 'Approve it?' },
    onApprove: () => undefined,
    onRefuse: () => undefined,
  };

  it('a review of which nothing is signed is approved by a tap', () => {
    const person = new Person('stax');
    let approved = 0;
    person.device.ui.review({ ...review, light: true, onApprove: () => void approved++ });
    expect(turn(person, 'stax').at(-1)).toBe('Approve it?\nApprove\nReject\n3 of 3');
    person.touch('Approve');
    person.touch('Approve');
    expect(approved).toBe(1);
  });

  it('pairs that have a place of their own begin a page, or have one alone; four share one at most', () => {
    const person = new Person('stax');
    const pairs: Review['pairs'] = [
      ['A', '1'],
      ['B', '2', 'first'],
      ['C', '3'],
      ['Stop', 'and think', 'alone'],
      ['D', '4'],
      ['E', '5'],
      ['F', '6'],
      ['G', '7'],
      ['H', '8'],
    ];
    person.device.ui.review({ ...review, pairs });
    const pages = turn(person, 'stax').slice(1, -1);
    expect(pages.map((page) => page.split('\nReject')[0])).toEqual([
      'A\n1',
      'B\n2\nC\n3',
      'Stop\nand think',
      'D\n4\nE\n5\nF\n6\nG\n7',
      'H\n8',
    ]);
  });

  it('a value that is too long for a page is cut, and More shows all of it', () => {
    const person = new Person('stax');
    const value = Array.from({ length: 25 }, (_, i) => `line ${i}`).join('\n');
    person.device.ui.review({
      ...review,
      pairs: [
        ['A', '1'],
        ['Data', value],
      ],
    });
    expect(turn(person, 'stax')[1]).toBe('A\n1\nReject\n2 of 4');
    person.device.ui.review({
      ...review,
      pairs: [
        ['Data', value],
        ['B', '2'],
      ],
    });
    at(person, 'stax', 'next');
    const page = person.screen;
    expect(page.split('\n').slice(-4)).toEqual(['line 9', 'More', 'Reject', '2 of 4']);
    person.touch('More');
    expect(person.screen).toMatch(/^Data\nline 0\n.*\nClose\n1 of 3$/s);
    expect(turn(person, 'stax').at(-1)).toBe('Data\nline 20\nline 21\nline 22\nline 23\nline 24\nClose\n3 of 3');
    person.touch('Close');
    expect(person.screen).toBe(page);
  });

  it('an address with more to it is confirmed on the last page only', () => {
    const person = new Person('flex');
    let confirmed = 0;
    person.device.ui.verifyAddress({
      title: 'Verify',
      address: 'bc1q',
      pairs: [['Account name', 'Cold storage']],
      onApprove: () => void confirmed++,
      onRefuse: () => undefined,
    });
    at(person, 'flex', 'next');
    expect(person.screen).toBe('Address\nbc1q\nShow as QR\nCancel\n2 of 3');
    at(person, 'flex', 'next');
    expect(person.screen).toBe('Account name\nCold storage\nConfirm\nCancel\n3 of 3');
    person.touch('Confirm');
    expect(confirmed).toBe(1);
  });

  it('a risk: the safe answer above, going on below; without one the other way round', () => {
    const person = new Person('stax');
    const answers: string[] = [];
    const choice = {
      title: 'Security risk detected',
      text: 'Really?',
      yes: 'Continue anyway',
      no: 'Back to safety',
      onYes: () => void answers.push('yes'),
      onNo: () => void answers.push('no'),
    };
    person.device.ui.choose({ ...choice, risky: true });
    expect(person.screen).toBe('Security risk detected\nReally?\nBack to safety\nContinue anyway');
    at(person, 'stax', 'next');
    person.device.ui.choose({ ...choice, risky: true });
    at(person, 'stax', 'confirm');
    person.device.ui.choose(choice);
    at(person, 'stax', 'confirm');
    person.device.ui.choose(choice);
    at(person, 'stax', 'next');
    expect(answers).toEqual(['yes', 'no', 'yes', 'no']);
  });

  it('a review in parts has no page numbers, and goes on past the last page of each', () => {
    const person = new Person('stax');
    const done: string[] = [];
    const part = {
      operation: 'transaction' as const,
      onNext: () => done.push('next'),
      onRefuse: () => done.push('no'),
    };
    person.device.ui.reviewPart({ ...part, title: 'Review', pairs: [['A', '1']] });
    expect(person.screen).toBe('Review\nSwipe to review\nReject');
    at(person, 'stax', 'next');
    expect(person.screen).toBe('A\n1\nReject');
    at(person, 'stax', 'reject');
    person.touch('Go back to transaction');
    expect([person.screen, done]).toEqual(['A\n1\nReject', []]);
    at(person, 'stax', 'next');
    expect([person.screen, done]).toEqual(['Processing', ['next']]);
    person.device.ui.reviewPart({ ...part, pairs: [['B', '2']] });
    at(person, 'stax', 'reject');
    person.touch('Yes, reject');
    expect(done).toEqual(['next', 'no']);
  });

  it('a status goes by itself after three seconds, or at a tap anywhere; work that goes on stays', () => {
    const person = new Person('stax');
    let gone = 0;
    person.device.ui.notify('Done', () => void gone++);
    for (let ms = 0; ms < 2900; ms += tickMs) person.device.ticker.step();
    expect(gone).toBe(0);
    person.device.ticker.step();
    expect(gone).toBe(1);
    person.device.ui.notify('Done', () => void gone++);
    person.device.finger(1, 671, 'press-and-release');
    expect(gone).toBe(2);
    person.device.ui.wait('Signing');
    person.device.finger(1, 1, 'press-and-release');
    expect(person.screen).toBe('Signing');
  });

  it('faults reach it: a locked screen takes no finger, refuse refuses, a crash follows', () => {
    const person = new Person('flex');
    sign(person, base);
    person.device.break({ kind: 'lock' });
    expect(person.screen).toBe('Device locked');
    at(person, 'flex', 'next');
    person.device.break({ kind: 'unlock' });
    expect(person.screen).toMatch(/1 of \d$/);
    person.send('e07f000000');
    at(person, 'flex', 'next');
    expect(person.crashed).toBe(1);
    const refusing = new Person('flex');
    refusing.device.break({ kind: 'refuse' });
    expect(sign(refusing, base)).toBe('6985');
    expect(refusing.screen).toBe('Transaction rejected');
  });
});

describe('the picture of a touch screen', () => {
  it('has ink in every text’s box and on the frames’ edges, and nowhere else', () => {
    const person = new Person('stax');
    sign(person, base);
    turn(person, 'stax');
    const { screen } = person.device;
    const { width, pixels } = takePicture(screen);
    const inked = Array.from(pixels, (ink, i) => ({ ink, x: i % width, y: Math.floor(i / width) })).filter(
      ({ ink }) => ink === 1,
    );
    const boxes = screen.current.map(({ x, y, w, h }) => ({ x: x - 3, y, w: w + 6, h }));
    const within = (box: { x: number; y: number; w: number; h: number }) => (dot: { x: number; y: number }) =>
      dot.x >= box.x && dot.x < box.x + box.w && dot.y >= box.y && dot.y < box.y + box.h;
    for (const box of boxes) expect(inked.filter(within(box)).length).toBeGreaterThan(50);
    const [button] = screen.shown.frames;
    if (button === undefined) throw new Error('“Hold to sign” has no frame');
    const inside = { x: button.x + 1, y: button.y + 1, w: button.w - 2, h: button.h - 2 };
    const edge = inked.filter((dot) => within(button)(dot) && !within(inside)(dot));
    expect(edge).toHaveLength(2 * (button.w + button.h) - 4);
    const elsewhere = inked.filter((dot) => !edge.includes(dot) && !boxes.some((box) => within(box)(dot)));
    expect(elsewhere).toEqual([]);
  });
});

describe('a finger', () => {
  function ready(): Person {
    const person = new Person('stax');
    sign(person, base);
    turn(person, 'stax');
    return person;
  }
  const wait = (person: Person, ms: number) => {
    for (let passed = 0; passed < ms; passed += tickMs) person.device.ticker.step();
  };

  it('signs once it has stayed its time on the button, and once only', () => {
    const person = ready();
    person.device.finger(200, 515, 'press');
    wait(person, holdMs - tickMs);
    expect(person.replies).toEqual([]);
    wait(person, tickMs);
    expect(person.replies).toHaveLength(1);
    wait(person, 10_000);
    person.device.finger(200, 515, 'release');
    expect(person.replies).toHaveLength(1);
  });

  it('that is lifted too early signs nothing, however long ago that was', () => {
    const person = ready();
    person.device.finger(200, 515, 'press');
    wait(person, holdMs - tickMs);
    person.device.finger(200, 515, 'release');
    wait(person, 10_000);
    expect(person.replies).toEqual([]);
  });

  it('doesn’t sign what has come under it in the meantime', () => {
    const person = ready();
    person.device.finger(200, 515, 'press');
    sign(person, { ...base, value: 1n });
    wait(person, holdMs);
    expect(person.replies).toEqual([]);
  });

  it('taps where it comes down and is let go, not where it slides to', () => {
    const person = ready();
    const [screen] = [person.screen];
    person.device.finger(36, 606, 'press');
    expect(person.screen).toBe(screen);
    person.device.finger(200, 606, 'release');
    expect(person.screen).toBe(screen);
    person.device.finger(36, 606, 'press');
    person.device.finger(40, 600, 'release');
    expect(person.screen).toMatch(/^Reject transaction\?/);
  });

  it('does nothing to a Nano', () => {
    const person = new Person('nanosp');
    person.device.finger(64, 32, 'press-and-release', 5000);
    expect(person.screen).toBe('Ethereum\napp is ready');
  });
});
