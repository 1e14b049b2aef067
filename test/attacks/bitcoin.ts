import { expect } from 'vitest';
import { decodeUnsigned } from '../../src/chains/bitcoin/index.ts';
import type {
  Decoded,
  DerivedScriptWallet,
  Effects,
  Reason,
  ScriptType,
  ScriptWallet,
  TokenScript,
  TokenScriptWallet,
} from '../../src/domain/index.ts';
import { type Changes, type Coin, type Input, psbtOf, type Request, recipients } from '../chains/bitcoin/requests.ts';
import { regtest, tokenWalletOf, walletOf } from '../chains/bitcoin/wallets.ts';

// What the attacks on PSBTs start from: an honest one. The keys are test keys.

export const types: readonly ScriptType[] = ['pkh', 'sh-wpkh', 'wpkh', 'tr', 'wsh-sortedmulti'];

export const coins: readonly Coin[] = [
  { branch: 0, index: 3, amount: 100_000n, vout: 1 },
  { branch: 1, index: 7, amount: 50_000n },
];

export const honest: Request = {
  coins,
  outputs: [
    { script: recipients.wpkh, amount: 60_000n },
    { index: 9, amount: 85_000n },
  ],
};

export const own = (script: ScriptType): DerivedScriptWallet => walletOf({ script, chain: regtest });

export const tokenTypes: readonly TokenScript[] = ['pkh', 'wpkh', 'wsh-sortedmulti'];
/** Of raw keys: its one script is where the coins lie and where the change goes, whatever place a request says. */
export const ownTokens = (script: TokenScript): TokenScriptWallet => tokenWalletOf({ script, chain: regtest });

/** One of each type, of devices' keys and of tokens'. */
export const everyWallet: readonly (readonly [string, ScriptWallet])[] = [
  ...types.map((script) => [script, own(script)] as const),
  ...tokenTypes.map((script) => [`${script} of tokens’ keys`, ownTokens(script)] as const),
];

/** What the station says of a request as a PSBT of version 0, and of 2. */
function both(wallet: ScriptWallet, request: Request, changes: Changes): Decoded[] {
  return ([0, 2] as const).map((version) => decodeUnsigned(psbtOf(wallet, request, version, changes), wallet));
}

/** What it says of both, the same. */
export function told(wallet: ScriptWallet, request: Request, changes: Changes = {}): Decoded {
  const [first, second] = both(wallet, request, changes);
  if (first === undefined) throw new Error('nothing was said');
  expect(second).toEqual(first);
  return first;
}

export function effectsOf(wallet: ScriptWallet, request: Request, changes: Changes = {}): Effects {
  const result = told(wallet, request, changes);
  if (!result.ok) throw new Error(`${result.reason}: ${result.message}`);
  return result.effects;
}

/** An attack that must fail: refused for exactly this reason, in words that hold `saying`. */
export function refuses(
  wallet: ScriptWallet,
  request: Request,
  reason: Reason,
  saying: string,
  changes: Changes = {},
): void {
  expect(told(wallet, honest).ok, 'the honest one is taken').toBe(true);
  const refusal = { ok: false, reason, message: expect.stringContaining(saying) };
  expect(both(wallet, request, changes)).toEqual([refusal, refusal]);
}

/** One input changed, the others as they are; what is undefined is left out. */
export function nthInput(n: number, change: (input: Input) => object): Changes {
  return { input: (input, i) => (i === n ? { ...input, ...change(input) } : input) };
}

export const firstInput = (change: (input: Input) => object): Changes => nthInput(0, change);

/** The PSBT of the same with an entry of a map set, or taken out. The global map is 0, then come the inputs', then the outputs'. */
export function entry(map: number, key: string, value: Uint8Array | undefined): Changes {
  return {
    maps: (maps) => {
      const entries = maps[map];
      if (entries === undefined) throw new Error(`there is no map ${map}`);
      const at = entries.findIndex(([name]) => name === key);
      const old = at < 0 ? [] : entries.splice(at, 1);
      if (value === undefined) expect(old).toHaveLength(1);
      else entries.push([key, value]);
    },
  };
}

/** A `witness_utxo`. */
export function utxo(amount: bigint, script: Uint8Array): Uint8Array {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(amount);
  return Uint8Array.of(...value, script.length, ...script);
}
