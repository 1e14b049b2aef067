import { canonicalBytes, parseCanonical } from './canonical.ts';
import { parseStationName, parseWalletId, type StationName, type WalletId } from './ids.ts';
import { Malformed, shown } from './refusal.ts';

/** What operators state of a wallet after the station was restored (formats.md, "Wallet statement"). */
export interface WalletStatement {
  /** The restored station, with its generation. */
  readonly station: StationName;
  readonly wallet: WalletId;
  /** Of an account; undefined elsewhere. */
  readonly nextNonce: number | undefined;
  /** `<txid as shown>:<vout>`, each once, sorted. */
  readonly spent: readonly string[];
}

const type = 'portcullis/wallet-statement/v1';

export function walletStatementBytes({ station, wallet, nextNonce, spent }: WalletStatement): Uint8Array {
  return canonicalBytes({
    type,
    station,
    wallet,
    next_nonce: nextNonce === undefined ? '' : String(nextNonce),
    spent: [...spent].sort().join(' '),
  });
}

/** Closed and canonical. Throws `Malformed`. */
export function parseWalletStatement(bytes: Uint8Array, field = 'payload'): WalletStatement {
  const { type: of, station = '', wallet = '', next_nonce: nonce, spent, ...more } = parseCanonical(bytes, field);
  const [other] = Object.keys(more);
  if (of !== type || nonce === undefined || spent === undefined || other !== undefined)
    throw new Malformed(field, `is not a wallet statement of version 1`);
  if (!/^(|0|[1-9][0-9]{0,14})$/.test(nonce)) throw new Malformed(field, `${shown(nonce)} is no nonce`);
  const outpoints = spent === '' ? [] : spent.split(' ');
  const wrong = outpoints.find((one) => !/^[0-9a-f]{64}:(0|[1-9][0-9]{0,9})$/.test(one));
  if (wrong !== undefined) throw new Malformed(field, `${shown(wrong)} is no outpoint: expected <txid>:<vout>`);
  if (outpoints.some((one, i) => i > 0 && one <= (outpoints[i - 1] ?? '')))
    throw new Malformed(field, 'its outpoints are not sorted, each once');
  return {
    station: parseStationName(station, field),
    wallet: parseWalletId(wallet, field),
    nextNonce: nonce === '' ? undefined : Number(nonce),
    spent: outpoints,
  };
}
