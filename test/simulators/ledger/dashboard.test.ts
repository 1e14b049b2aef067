import { describe, expect, it } from 'vitest';
import { type Model, models } from '../../../simulators/ledger/os/model.ts';
import { Person } from './person.ts';

const quit = 'b0a7000000';
const whatRuns = 'b001000000';
const version = 'e001000000';
const deviceName = 'e0d2000000';
const configuration = 'e006000000';

const hex = (text: string): string => Buffer.from(text).toString('hex');
const open = (app: string): string => `e0d80000${app.length.toString(16).padStart(2, '0')}${hex(app)}`;

/** B0 01's answer: format ‖ name ‖ version ‖ flags, each after its length. */
function running(person: Person): { name: string; version: string } {
  const answer = Buffer.from(person.send(whatRuns) ?? '', 'hex');
  const end = 2 + answer.readUInt8(1);
  return {
    name: answer.toString('ascii', 2, end),
    version: answer.toString('ascii', end + 1, end + 1 + answer.readUInt8(end)),
  };
}

/** E0 01's answer, as Ledger's clients read it. */
function parseVersion(answer: string): { target: string; os: string; flags: string; mcu: string; rest: number } {
  const bytes = Buffer.from(answer, 'hex');
  let at = 4;
  const next = () => {
    const length = bytes.readUInt8(at);
    at += 1 + length;
    return bytes.subarray(at - length, at);
  };
  const [os, flags, mcu] = [next(), next(), next()];
  return {
    target: bytes.toString('hex', 0, 4),
    os: os.toString('ascii'),
    flags: flags.toString('hex'),
    mcu: mcu.toString('ascii'),
    rest: bytes.length - 2 - at,
  };
}

describe.each(['nanosp', 'stax'] satisfies Model[])('the dashboard of %s', (model) => {
  it('opens any of the installed apps when a person says so; another name is 6807, none 670a, refused 5501', () => {
    const person = new Person(model, undefined, 'bitcoin');
    expect(running(person)).toEqual({ name: 'Bitcoin', version: '2.4.6' });
    expect(person.send(quit)).toBe('9000');
    expect(running(person)).toEqual({ name: 'BOLOS', version: models[model].os });
    expect(person.send('e0d8000000')).toBe('670a');
    expect(person.send(open('Dogecoin'))).toBe('6807');
    expect(person.send(open('bitcoin'))).toBe('6807');
    for (const app of ['Ethereum', 'Bitcoin Test', 'Bitcoin']) {
      expect(person.send(open(app))).toBeUndefined();
      answer(person, false);
      expect(person.replies.at(-1)).toBe('5501');
      expect(person.screen).toMatch(/^Dashboard/);
      expect(person.send(open(app))).toBeUndefined();
      answer(person, true);
      expect(person.replies.at(-1)).toBe('9000');
      expect(running(person).name).toBe(app);
      expect(person.screen).toContain(app === 'Bitcoin Test' ? 'Bitcoin Test' : app);
      person.send(quit);
    }
  });

  it('has no app’s commands, and an app none of its own', () => {
    const person = new Person(model);
    expect(person.send(version)).toBe('6d00');
    expect(person.send(open('Bitcoin'))).toBe('6d00');
    person.send(quit);
    expect(person.send(configuration)).toBe('6e00');
    expect(person.send('e105000100')).toBe('6e00');
    expect(person.send('e101000000')).toBe('6e00');
    expect(person.send('e001000001')).toBe('6a87');
  });

  it('keeps an app’s settings while others run', () => {
    const person = new Person(model);
    if (model === 'stax') {
      person.device.finger(342, 55, 'press-and-release');
      person.touch('Blind signing');
      person.device.finger(36, 36, 'press-and-release');
    } else person.enableBlindSigning();
    person.send(quit);
    for (const app of ['Bitcoin', 'Ethereum']) {
      person.send(open(app));
      answer(person, true);
      if (app === 'Bitcoin') person.send(quit);
    }
    expect(person.send(configuration)).toBe('030116009000');
  });

  it('tells its version and its name', () => {
    const person = new Person(model);
    person.send(quit);
    const { target, os, mcu } = models[model];
    expect(parseVersion(person.send(version) ?? '')).toMatchObject({
      target: target.toString(16),
      os,
      flags: 'e6000000',
      mcu,
    });
    expect(person.send(deviceName)).toBe(`${hex(`Ledger ${models[model].name}`)}9000`);
  });

  it('opens an app by hand', () => {
    const person = new Person(model);
    person.send(quit);
    if (model === 'stax') {
      expect(person.screen).toBe('Dashboard\nEthereum\nBitcoin\nBitcoin Test');
      person.touch('Bitcoin Test');
    } else person.select('Bitcoin Test');
    expect(running(person).name).toBe('Bitcoin Test');
  });

  it('says that it is locked, whatever runs, and is as it was once unlocked', () => {
    const person = new Person(model);
    person.send(quit);
    person.send(open('Bitcoin'));
    const { screen } = person;
    person.device.break({ kind: 'lock' });
    expect(person.screen).toBe('Device locked');
    expect([whatRuns, version, open('Bitcoin'), quit].map((command) => person.send(command))).toEqual(
      Array.from({ length: 4 }, () => '5515'),
    );
    answer(person, true);
    person.device.break({ kind: 'unlock' });
    expect(person.screen).toBe(screen);
  });
});

describe('an app without settings', () => {
  it('has information and the way out beside its home screen', () => {
    const person = new Person('nanosp', undefined, 'bitcoin');
    person.press('right');
    expect(person.screen).toBe('App info');
    person.press('right');
    expect(person.screen).toBe('Quit app');
  });
});

describe('a busy app', () => {
  const showKey = 'e10000010e0103800000548000000080000000';

  it('is locked like any other, and its review survives that', () => {
    const person = new Person('nanosp', undefined, 'bitcoin');
    expect(person.send(showKey)).toBeUndefined();
    expect(person.send(whatRuns)).toBe('6901');
    person.device.break({ kind: 'lock' });
    expect(person.send(whatRuns)).toBe('5515');
    person.device.break({ kind: 'unlock' });
    expect(person.screen).toBe('Confirm public key');
  });
});

describe('a quit app', () => {
  it('is over: what it waited for does nothing more', () => {
    const person = new Person('nanosp', undefined, 'bitcoin');
    // An address: the app asks for the policy's preimage, and would give up by itself after five seconds.
    person.send(`e103000146${'00'.padEnd(2, '0')}${'c8'.repeat(32)}${'00'.repeat(32)}${'00'.repeat(5)}`);
    expect(person.replies.at(-1)).toMatch(/e000$/);
    expect(person.send(quit)).toBe('9000');
    for (let tick = 0; tick < 100; tick++) person.device.ticker.step();
    expect(person.crashed).toBe(0);
    expect(person.screen).toBe('Dashboard');
  });
});

/** Answers the request to open an app, if one is on the screen. */
function answer(person: Person, yes: boolean): void {
  if (!person.screen.startsWith('Open ')) return;
  if (person.device.screen.height > 64) {
    person.touch(yes ? 'Open app' : 'Cancel');
    return;
  }
  person.press('right');
  if (!yes) person.press('right');
  person.press('both');
}
