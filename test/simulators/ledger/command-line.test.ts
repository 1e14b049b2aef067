import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../../../simulators/ledger/command-line.ts';

describe('the command line is Speculos’ own', () => {
  it('has its defaults', () => {
    expect(parseCommandLine(['ethereum'])).toEqual({
      model: 'nanosp',
      app: 'ethereum',
      apiPort: 5000,
      apduPort: 9999,
    });
  });

  it('takes rules as JSON too', () => {
    const args = ['--automation', '{"version":1,"rules":[]}', '--seed', 'some words', '--button-port', '0', 'ethereum'];
    expect(parseCommandLine(args)).toMatchObject({
      automation: { version: 1, rules: [] },
      seed: 'some words',
      buttonPort: 0,
    });
  });

  it.each(['ethereum', 'bitcoin', 'bitcoin-test'])('opens %s', (app) => {
    expect(parseCommandLine([app]).app).toBe(app);
  });

  it.each(['nanosp', 'nanox', 'stax', 'flex'])('emulates %s', (model) => {
    expect(parseCommandLine(['--model', model, 'ethereum']).model).toBe(model);
  });

  it.each([
    [['dogecoin'], 'which app?'],
    [['toString'], 'which app?'],
    [['ethereum', 'bitcoin'], 'which app?'],
    [[], 'which app?'],
    [['--model', 'blue', 'ethereum'], '--model blue'],
    [['--model', 'toString', 'ethereum'], '--model toString'],
    [['--api-port', 'high', 'ethereum'], 'high is not a port'],
    [['--api-port', '65536', 'ethereum'], '65536 is not a port'],
    [['--apdu-port', '', 'ethereum'], 'is not a port'],
    [['--automation', '/nowhere/rules.json', 'ethereum'], 'ENOENT'],
    [['--sdk', '1', 'ethereum'], "'--sdk'"],
  ])('refuses %j by name', (args, message) => {
    expect(() => parseCommandLine(args)).toThrow(message);
  });
});
