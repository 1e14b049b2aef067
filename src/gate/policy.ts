import {
  type Address,
  type AssetId,
  assetParts,
  type ChainId,
  chainOfAddress,
  chainOfAsset,
  day,
  type FactorClass,
  hasDataFee,
  isTestNetwork,
  Malformed,
  parseAddress,
  parseAmount,
  parseAssetId,
  parseChainId,
  parsePositiveAmount,
  parseWalletId,
  shown,
  type Wallet,
  type WalletId,
} from '../domain/index.ts';
import { Members, textItem } from './document.ts';

/** Who vouches for first factors: a key that policy pins. */
export interface Admission {
  readonly issuer: string;
  readonly kid: string;
  /** Public JWK, members as text. */
  readonly jwk: Readonly<Record<string, string>>;
}

export interface AssetPolicy {
  readonly asset: AssetId;
  readonly symbol: string;
  readonly decimals: number;
  /** Ceiling for one payment, base units. */
  readonly maxPayment: bigint;
  /** Ledger's signed description of a token, hex; a Ledger shows, and so signs, no token without it. */
  readonly ledgerDescriptor: string | undefined;
}

export interface ChainPolicy {
  readonly chain: ChainId;
  /** The most that one transaction may cost in fees, base units of the native asset. */
  readonly maxFee: bigint;
  /** The most per gas, wei. */
  readonly maxFeePerGas: bigint;
  /** Fees that the transaction does not state (rollups' data fees): the most that one may cost; 0n where there are none. */
  readonly dataFee: bigint;
  readonly accessListEntries: number;
}

/** Whatever decides who may attest, or what may be paid (design §5, "Policy, config, state"). */
export interface Policy {
  readonly rpId: string;
  readonly origins: readonly string[];
  readonly trustDomain: string;
  readonly admission: readonly Admission[];
  /** ms of witnessed time. */
  readonly ripening: { readonly factor: number; readonly destination: number };
  readonly evidence: { readonly webauthn: number; readonly classes: readonly FactorClass[] };
  readonly chains: ReadonlyMap<ChainId, ChainPolicy>;
  readonly assets: ReadonlyMap<AssetId, AssetPolicy>;
  readonly wallets: ReadonlyMap<WalletId, Wallet>;
  /** How far above a wallet's next nonce a new transaction may be. */
  readonly nonceWindow: number;
}

/** The shortest ripening that a main network may have. */
export const ripeningLeast = day;

/** Parses a policy document (version 1), already read from its YAML. Throws `Malformed` with the member's place. */
export function parsePolicy(document: unknown): Policy {
  const top = new Members(document, 'policy');
  const version = top.count('version', 1, 1);
  if (version !== 1) throw new Malformed('policy.version', 'is not 1');
  const approvals = top.members('approvals');
  const rpId = parseHost(approvals.text('rp_id'), approvals.at('rp_id'));
  const origins = approvals.list('origins', (value, place) => parseOrigin(textItem(value, place), place, rpId));
  if (origins.length === 0) throw new Malformed(approvals.at('origins'), 'names no origin');
  approvals.done();

  const ripening = top.members('ripening');
  const delays = { factor: ripening.duration('factor'), destination: ripening.duration('destination') };
  ripening.done();

  const evidence = top.members('evidence');
  const wanted = {
    webauthn: evidence.count('webauthn', 1, 4),
    classes: evidence.list('classes', (value, place) => parseClass(textItem(value, place), place)),
  };
  if (wanted.classes.length === 0) throw new Malformed(evidence.at('classes'), 'names no class');
  evidence.done();

  const policy: Policy = {
    rpId,
    origins,
    trustDomain: parseHost(top.text('trust_domain'), top.at('trust_domain')),
    admission: top.list('admission', parseAdmission),
    ripening: delays,
    evidence: wanted,
    chains: keyed(top.list('chains', parseChain), (c) => c.chain, top.at('chains')),
    assets: keyed(top.list('assets', parseAsset), (a) => a.asset, top.at('assets')),
    wallets: keyed(top.list('wallets', parseWallet), (w) => w.id, top.at('wallets')),
    nonceWindow: top.count('nonce_window', 1, 1_000),
  };
  top.done();
  checkWhole(policy);
  return Object.freeze(policy);
}

/** What no member can say alone. */
function checkWhole(policy: Policy): void {
  keyed(policy.admission, (a) => a.kid, 'policy.admission');
  const main = [...policy.chains.keys()].filter((chain) => !isTestNetwork(chain));
  for (const [name, delay] of Object.entries(policy.ripening)) {
    if (delay < ripeningLeast && main.length > 0) {
      throw new Malformed(
        `policy.ripening.${name}`,
        `shorter than 24h, which only test networks allow, and the policy names ${main.join(', ')}`,
      );
    }
  }
  for (const asset of policy.assets.keys()) {
    if (!policy.chains.has(chainOfAsset(asset)))
      throw new Malformed('policy.assets', `${asset} is on no chain of the policy`);
  }
  // E7: an anchor is a nonce of a wallet, so two wallets with one key on one chain would give one nonce two owners.
  keyed([...policy.wallets.values()], (wallet) => `${wallet.chain} ${wallet.publicKey}`, 'policy.wallets');
  for (const wallet of policy.wallets.values()) {
    if (!policy.chains.has(wallet.chain))
      throw new Malformed('policy.wallets', `${wallet.id} is on no chain of the policy`);
  }
}

function keyed<K, V>(values: readonly V[], key: (value: V) => K, place: string): ReadonlyMap<K, V> {
  const map = new Map<K, V>();
  for (const value of values) {
    if (map.has(key(value))) throw new Malformed(place, `${shown(key(value))} stands twice`);
    map.set(key(value), value);
  }
  return map;
}

function parseHost(value: string, place: string): string {
  if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(value))
    throw new Malformed(place, `expected a host name, got ${shown(value)}`);
  return value;
}

/** An exact origin whose host is the RP ID or below it, over TLS (or on localhost, for tests). */
function parseOrigin(value: string, place: string, rpId: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new Malformed(place, `expected an origin such as https://approve.example, got ${shown(value)}`);
  }
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
  if (!secure || url.origin !== value)
    throw new Malformed(place, `expected an https origin and nothing after it, got ${shown(value)}`);
  if (url.hostname !== rpId && !url.hostname.endsWith(`.${rpId}`)) {
    throw new Malformed(place, `${shown(value)} is not on the relying party ${rpId}`);
  }
  return value;
}

function parseClass(value: string, place: string): FactorClass {
  if (value === 'device' || value === 'synced' || value === 'hardware') return value;
  throw new Malformed(place, `expected device, synced or hardware, got ${shown(value)}`);
}

function parseAdmission(value: unknown, place: string): Admission {
  const of = new Members(value, place);
  const jwk = of.members('jwk');
  const kty = jwk.oneOf('kty', ['OKP', 'EC']);
  const key: Record<string, string> =
    kty === 'OKP'
      ? { kty, crv: jwk.oneOf('crv', ['Ed25519']), x: parseCoordinate(jwk, 'x') }
      : {
          kty,
          crv: jwk.oneOf('crv', ['P-256']),
          x: parseCoordinate(jwk, 'x'),
          y: parseCoordinate(jwk, 'y'),
        };
  jwk.done();
  const admission = { issuer: parseName(of, 'issuer'), kid: parseName(of, 'kid'), jwk: Object.freeze(key) };
  of.done();
  return admission;
}

/** It goes into journal leaves and on to screens (S10). */
function parseName(of: Members, member: string): string {
  const value = of.text(member);
  if (!/^[\x21-\x7e]{1,128}$/.test(value))
    throw new Malformed(of.at(member), `expected 1 to 128 printable ASCII characters, got ${shown(value)}`);
  return value;
}

/** RFC 7518 §6.2.1.2, RFC 8037 §2: 32 bytes in base64url, for either curve. */
function parseCoordinate(of: Members, member: string): string {
  const value = of.text(member);
  if (!/^[A-Za-z0-9_-]{43}$/.test(value))
    throw new Malformed(of.at(member), `expected 32 bytes in base64url, got ${shown(value)}`);
  return value;
}

function parseChain(value: unknown, place: string): ChainPolicy {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const dataFee = of.has('data_fee') ? parsePositiveAmount(of.text('data_fee'), of.at('data_fee')) : 0n;
  if (dataFee === 0n && hasDataFee(chain)) {
    throw new Malformed(of.at('data_fee'), `is missing: ${chain} charges fees that its transactions do not state`);
  }
  const result = {
    chain,
    dataFee,
    maxFee: parsePositiveAmount(of.text('max_fee'), of.at('max_fee')),
    maxFeePerGas: parsePositiveAmount(of.text('max_fee_per_gas'), of.at('max_fee_per_gas')),
    accessListEntries: of.count('access_list_entries', 0, 256),
  };
  of.done();
  return result;
}

function parseAsset(value: unknown, place: string): AssetPolicy {
  const of = new Members(value, place);
  const asset = parseAssetId(of.text('asset'), of.at('asset'));
  const token = assetParts(asset).namespace !== 'slip44';
  const result = {
    asset,
    symbol: parseSymbol(of.text('symbol'), of.at('symbol')),
    decimals: of.count('decimals', 0, 77),
    maxPayment: parsePositiveAmount(of.text('max_payment'), of.at('max_payment')),
    ledgerDescriptor:
      token && of.has('ledger_descriptor')
        ? parseHex(of.text('ledger_descriptor'), of.at('ledger_descriptor'))
        : undefined,
  };
  of.done();
  return result;
}

function parseSymbol(value: string, place: string): string {
  if (!/^[A-Za-z0-9.]{1,12}$/.test(value))
    throw new Malformed(place, `expected 1 to 12 letters, digits or dots, got ${shown(value)}`);
  return value;
}

function parseHex(value: string, place: string): string {
  if (!/^(?:[0-9a-f]{2}){1,512}$/.test(value)) throw new Malformed(place, 'expected lowercase hex');
  return value;
}

function parseWallet(value: unknown, place: string): Wallet {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const address: Address = parseAddress(of.text('address'), of.at('address'));
  if (chainOfAddress(address) !== chain) throw new Malformed(of.at('address'), `is not on ${chain}`);
  const publicKey = of.text('public_key');
  if (!/^0[23][0-9a-f]{64}$/.test(publicKey))
    throw new Malformed(of.at('public_key'), 'expected a compressed secp256k1 key, 66 hex digits');
  const path = of.text('path');
  if (!/^m(?:\/(?:0|[1-9][0-9]{0,9})'?){1,10}$/.test(path))
    throw new Malformed(of.at('path'), "expected a BIP-32 path such as m/44'/60'/0'/0/0");
  const wallet = {
    id: parseWalletId(of.text('id'), of.at('id')),
    chain,
    signer: parseWalletId(of.text('signer'), of.at('signer')),
    path,
    address,
    publicKey,
    firstNonce: Number(parseAmount(of.text('first_nonce'), of.at('first_nonce'))),
  };
  if (!Number.isSafeInteger(wallet.firstNonce)) throw new Malformed(of.at('first_nonce'), 'is too large');
  of.done();
  return wallet;
}
