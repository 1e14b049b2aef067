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
import { type BreakerPolicy, parseBreaker } from './policy/breaker.ts';
import { type ClientsPolicy, parseClients } from './policy/clients.ts';
import { keyed } from './policy/keyed.ts';
import {
  type BandPolicy,
  type HoursPolicy,
  type LimitPolicy,
  parseBand,
  parseHours,
  parseLimit,
  parseReference,
  parseYouth,
  type ReferencePolicy,
  type YouthPolicy,
} from './policy/limits.ts';
import { parseClass, parseHost, parseOrigin } from './policy/origins.ts';
import { type OperatorsPolicy, parseOperators } from './policy/people.ts';
import { parseTreasuryDestination, type TreasuryDestination } from './policy/treasury.ts';

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
  /** The most payments that one transaction may make. */
  readonly batchMost: number;
  /** The station's people; undefined where none are founded, which only test networks allow. */
  readonly operators: OperatorsPolicy | undefined;
  readonly limits: readonly LimitPolicy[];
  readonly youth: YouthPolicy;
  readonly reference: ReferencePolicy | undefined;
  readonly bands: readonly BandPolicy[];
  /** Undefined: at any hour. */
  readonly hours: HoursPolicy | undefined;
  /** Never paid to, whoever listed it. */
  readonly denied: ReadonlySet<Address>;
  readonly treasury: readonly TreasuryDestination[];
  readonly breaker: readonly BreakerPolicy[];
  readonly clients: ClientsPolicy | undefined;
}

/** Where policy says nothing of youth: what was just whitelisted or enrolled is young for a week. */
const youthDefault: YouthPolicy = { destination: 7 * day, account: 7 * day };
const batchMostDefault = 500;

/** The shortest ripening that a main network may have. */
export const ripeningLeast = day;

/** Parses a policy document (version 1), already read from its YAML. Throws `Malformed` with the member's place. */
export function parsePolicy(document: unknown): Policy {
  const top = new Members(document, 'policy');
  const version = top.count('version', 1, 1);
  if (version !== 1) throw new Malformed('policy.version', 'is not 1');
  const approvals = top.members('approvals');
  const rpId = parseHost(approvals.text('rp_id'), approvals.at('rp_id'));
  const origins = approvals.list('origins', (value, place) => parseOrigin(value, place, rpId));
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
    batchMost: top.has('batch_most') ? top.count('batch_most', 1, batchMostDefault) : batchMostDefault,
    operators: top.has('operators') ? parseOperators(top.members('operators')) : undefined,
    limits: top.has('limits') ? top.memberList('limits', parseLimit) : [],
    youth: top.has('young') ? parseYouth(top.members('young')) : youthDefault,
    reference: top.has('reference') ? parseReference(top.members('reference')) : undefined,
    bands: top.has('bands') ? top.memberList('bands', parseBand) : [],
    hours: top.has('hours') ? parseHours(top.members('hours')) : undefined,
    denied: new Set(
      top.has('denied') ? top.list('denied', (value, place) => parseAddress(textItem(value, place), place)) : [],
    ),
    treasury: top.has('treasury') ? top.memberList('treasury', parseTreasuryDestination) : [],
    breaker: top.has('breaker') ? top.memberList('breaker', parseBreaker) : [],
    clients: top.has('clients') ? parseClients(top.members('clients')) : undefined,
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
  checkOperators(policy, main);
  checkLimits(policy);
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

/** S5: no one person decides where main networks are at stake. */
function checkOperators({ operators, bands, treasury, chains }: Policy, main: readonly ChainId[]): void {
  for (const quorum of operators === undefined || main.length === 0 ? [] : [operators, operators.recovery]) {
    const { quorum: m, people } = quorum;
    if (m >= 2 && people.length > m) continue;
    const why = `${m} of ${people.length}: main networks need at least 2, and more people than that`;
    throw new Malformed('policy.operators', why);
  }
  for (const [name, delay] of Object.entries(operators?.delays ?? {})) {
    if (delay < ripeningLeast && main.length > 0 && name !== 'thaw')
      throw new Malformed(`policy.operators.delays.${name}`, 'shorter than 24h, which only test networks allow');
  }
  const most = Math.max(0, ...bands.map((band) => band.operators));
  if (most > (operators?.people.length ?? 0))
    throw new Malformed('policy.bands', `a band demands ${most} operators, and there are not so many`);
  for (const { address } of treasury) {
    if (!chains.has(chainOfAddress(address)))
      throw new Malformed('policy.treasury', `${address} is on no chain of the policy`);
  }
  keyed(treasury, (t) => t.address, 'policy.treasury');
}

function checkLimits({ limits, bands, reference, assets, operators, hours }: Policy): void {
  const holds = hours?.action === 'hold' || limits.some((limit) => limit.action === 'hold');
  if (holds && operators === undefined)
    throw new Malformed(
      'policy.operators',
      'is missing: limits or hours hold withdrawals, and nobody could approve them',
    );
  for (const { asset } of [...limits, ...bands]) {
    if (asset === undefined && reference === undefined)
      throw new Malformed(
        'policy.reference',
        'is missing: a limit or a band names no asset, so it counts in reference currency',
      );
    if (asset !== undefined && !assets.has(asset))
      throw new Malformed('policy.limits', `${asset} is no asset of the policy`);
  }
  keyed(limits, (l) => [l.scope, l.window, l.asset, l.young, l.action].join(' '), 'policy.limits');
  keyed(bands, (b) => `${b.asset} ${b.above}`, 'policy.bands');
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
