import { policyHash } from '../../src/custody/founding.ts';
import { day, hour } from '../../src/domain/index.ts';
import type { Terms } from './acts.model.ts';
import { alicesAddress, chain, ether, mallorysAddress } from './station.ts';

// The policies that operators of the model's station choose from, as documents and as the model reads them.

export const bobsAddress = mallorysAddress;
export const coldAddress = `${chain}:0x90F79bf6EB2c4f870365E785982E1f101E93b906`;
export const deskAddress = `${chain}:0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65`;

const eth = 10n ** 18n;

/** Which of two or three values each member has; 0 is what the station is founded on. */
export interface Choice {
  readonly destination: number;
  readonly policy: number;
  readonly thaw: number;
  readonly quorum: number;
  readonly ceiling: number;
  readonly limits: number;
  readonly bands: number;
  readonly denied: number;
}

export const founding: Choice = {
  destination: 0,
  policy: 0,
  thaw: 0,
  quorum: 0,
  ceiling: 0,
  limits: 0,
  bands: 0,
  denied: 0,
};

export const people = ['olivia', 'omar', 'oscar', 'ophelia'] as const;
export const recoveryPeople = ['rita', 'rolf', 'rosa'] as const;

function of<T>(values: readonly [T, ...T[]], index: number): T {
  return values[index % values.length] ?? values[0];
}

function termsOf(choice: Choice, own: string): Terms {
  const [account, station, wallet, held] = of<[bigint, bigint, bigint, bigint]>(
    [
      [5n, 6n, 4n, 9n],
      [4n, 4n, 3n, 6n],
      [9n, 12n, 12n, 20n],
    ],
    choice.limits,
  );
  return {
    quorum: of([2, 3], choice.quorum),
    people,
    recovery: { quorum: 2, people: recoveryPeople },
    delays: {
      factor: day,
      destination: of([1, 2], choice.destination) * day,
      policy: of([1, 2], choice.policy) * day,
      thaw: of([24, 1, 48], choice.thaw) * hour,
      reinstate: day,
    },
    openFor: day,
    ceiling: of([4n, 3n, 9n], choice.ceiling) * eth,
    limits: [
      { scope: 'account', window: day, most: account * eth, hold: false },
      { scope: 'account', window: 7 * day, most: held * eth, hold: true },
      { scope: 'station', window: hour, most: station * eth, hold: false },
      { scope: 'asset', window: 7 * day, most: 4n * station * eth, hold: false },
      { scope: 'wallet', window: day, most: wallet * eth, hold: false },
    ],
    bands: [
      { above: of([2n, 1n], choice.bands) * eth, operators: 1 },
      { above: of([3n, 2n], choice.bands) * eth, operators: 2 },
    ],
    denied: of([[], [bobsAddress]], choice.denied),
    treasury: [own, coldAddress, deskAddress],
    evacuation: [coldAddress],
  };
}

/** `founded` is the station's own document, with nothing of a choice in it; `own` its wallet's address. */
export function policyOf(
  founded: string,
  choice: Choice,
  own: string,
): { readonly document: string; readonly hash: string; readonly terms: Terms } {
  const terms = termsOf(choice, own);
  const { delays, limits, bands, denied } = terms;
  const windows = new Map([
    [hour, 'hour'],
    [day, 'day'],
    [7 * day, 'week'],
  ]);
  const lines = (of: readonly string[]): string => of.map((line) => `  - { ${line} }\n`).join('');
  const hours = (ms: number): string => `${ms / hour}h`;
  const document = `${founded
    .replace('destination: 24h', `destination: ${hours(delays.destination)}`)
    .replace(/quorum: 2\b/, `quorum: ${terms.quorum}`)
    .replace(
      /delays: \{[^}]*\}/,
      `delays: { policy: ${hours(delays.policy)}, thaw: ${hours(delays.thaw)}, reinstate: 24h }`,
    )
    .replace("max_payment: '100000000000000000000'", `max_payment: '${terms.ceiling}'`)}limits:
${lines(
  limits.map(({ scope, window, most, hold }) => {
    const action = hold ? ', action: hold' : '';
    return `scope: ${scope}, window: ${windows.get(window)}, asset: '${ether}', most: '${most}'${action}`;
  }),
)}bands:
${lines(bands.map(({ above, operators }) => `asset: '${ether}', above: '${above}', operators: ${operators}`))}treasury:
  - { address: '${coldAddress}', label: Cold wallet, evacuation: true }
  - { address: '${deskAddress}', label: Market maker }
denied: [${denied.map((address) => `'${address}'`).join(', ')}]
`;
  return { document, hash: policyHash(document), terms };
}

export { alicesAddress };
