import {
  type FreezeRecord,
  type FreezeScope,
  Malformed,
  parseAccountId,
  parseAddress,
  parseAssetId,
  parseChainId,
  parseWalletId,
  Refusal,
  shown,
  type WallMs,
} from '../domain/index.ts';
import type { Policy } from '../gate/policy.ts';
import type { JournalBehind, TamperedRow } from '../store/failure.ts';
import { canonicalDestination } from './chain.ts';

/** A freeze's scope as people write it. Throws `Malformed`. */
export function parseFreezeScope(value: string, field: string): FreezeScope {
  if (value === 'station') return 'station';
  const colon = value.indexOf(':');
  const [kind, subject] = [value.slice(0, Math.max(colon, 0)), value.slice(colon + 1)];
  switch (kind) {
    case 'wallet':
      return `wallet:${parseWalletId(subject, field)}`;
    case 'account':
      return `account:${parseAccountId(subject, field)}`;
    case 'chain':
      return `chain:${parseChainId(subject, field)}`;
    case 'asset':
      return `asset:${parseAssetId(subject, field)}`;
    case 'destination':
      return `destination:${parseAddress(subject, field)}`;
    default: {
      const expected = 'expected station, wallet:…, account:…, chain:…, asset:… or destination:…';
      throw new Malformed(field, `${expected}, got ${shown(value)}`);
    }
  }
}

/**
 * A freeze acts on exact names (D7): one that names nothing, or names it in another spelling, would stop nothing while people
 * believe that it does.
 */
export function checkScope(scope: FreezeScope, policy: Policy, field = 'scope'): void {
  const subject = scope.slice(scope.indexOf(':') + 1);
  const known = (names: Iterable<string>, what: string): void => {
    if (![...names].includes(subject))
      throw new Malformed(field, `policy names no ${what} ${shown(subject)}: this would stop nothing`);
  };
  if (scope.startsWith('wallet:')) known(policy.wallets.keys(), 'wallet');
  if (scope.startsWith('chain:')) known(policy.chains.keys(), 'chain');
  if (scope.startsWith('asset:')) known(policy.assets.keys(), 'asset');
  if (scope.startsWith('destination:')) canonicalDestination(parseAddress(subject, field), field);
}

/** The account of a scope is a person's: the log gets a commitment to it. */
export function scopeFields(
  scope: FreezeScope,
  who: string,
  why: string,
): { fields: Record<string, string>; personal?: Record<string, string> } {
  const kind = scope.split(':')[0] ?? scope;
  if (kind === 'account' || kind === 'destination') {
    return { fields: { scope_kind: kind, who, why }, personal: { [kind]: scope.slice(kind.length + 1) } };
  }
  return { fields: { scope, who, why } };
}

/**
 * The freeze of the station that a forged row made: it holds in memory at once, and on the disk only if there was room for it.
 * Undefined where none was met.
 */
export function tamperFreeze(tampered: TamperedRow | undefined, since: WallMs): FreezeRecord | undefined {
  if (tampered === undefined) return undefined;
  return { scope: 'station', active: true, who: 'station', why: `fact-tampered: ${tampered.told}`, since };
}

/** What people do about it, in one sentence. */
export const behindRemedy =
  'put the newest database back and start again, or, where it is lost, have "portcullis restore" make this one the station’s (docs/station.md, "Backups")';

/** Where the journal does not go on from what was published of it. No thaw lifts it. */
export function behindFreeze(behind: JournalBehind, since: WallMs): FreezeRecord {
  return { scope: 'station', active: true, who: 'station', why: `journal-behind: ${behind.message}`, since };
}

export function behindRefusal({ message }: JournalBehind): Refusal {
  return new Refusal('journal-behind', `${message}: ${behindRemedy}`);
}
