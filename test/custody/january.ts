import { encodeFunctionData, erc20Abi, getAddress } from 'viem';
import type { Address, AssetId, TransactionRecord, WithdrawalId } from '../../src/domain/index.ts';
import { BitcoinStation, bitcoin, payees, to } from './bitcoin-station.ts';
import {
  alicesAddress,
  type Customer,
  chain,
  ether,
  mallorysAddress,
  type TestStation,
  testSeed,
  token,
  tokenAsset,
} from './station.ts';

// January 2022, made as data: 483 accounts lose 4,836.26 ETH, 443.93 BTC and 66,200 of other coins through a station's own custody,
// among honest customers who are paid before, meanwhile and after it. Amounts are deterministic; keys and addresses are tests'.

export const lost: ReadonlyMap<AssetId, bigint> = new Map([
  [ether, 4_836_260_000_000_000_000_000n],
  [bitcoin, 44_393_000_000n],
  [tokenAsset, 66_200_000_000n],
]);
export const victims = 483;
/** The incident, as the report is asked for it; `until` is not part of it. */
export const incident = { since: '2022-01-17T00:00:00Z', until: '2022-01-18T00:00:00Z' } as const;

const honest = 12;
const perBatch = 10;

interface Payment {
  readonly id: string;
  readonly account: string;
  readonly asset: AssetId;
  readonly amount: bigint;
  readonly destination: Address;
}

const ethereumAddress = (name: string): Address =>
  `${chain}:${getAddress(`0x${Buffer.from(testSeed(name)).toString('hex').slice(0, 40)}`)}` as Address;
const thieves = {
  [ether]: [mallorysAddress, ethereumAddress('mule 1'), ethereumAddress('mule 2')],
  [bitcoin]: [payees.tr, payees.wpkh],
  [tokenAsset]: [ethereumAddress('mule 3')],
} as Readonly<Record<AssetId, readonly Address[]>>;

/** Shares of a total, unequal, each more than nothing, that come out at exactly the total. */
function shares(total: bigint, count: number): bigint[] {
  const weights = Array.from({ length: count }, (_, i) => 200n + BigInt((i * 7_919) % 1_009));
  const sum = weights.reduce((a, b) => a + b, 0n);
  const parts = weights.map((weight) => (total * weight) / sum);
  const rest = total - parts.reduce((a, b) => a + b, 0n);
  return parts.map((part, i) => (i === count - 1 ? part + rest : part));
}

export const victim = (i: number): string => `customer-${String(i + 1).padStart(4, '0')}`;
const customer = (i: number): string => `honest-${String(i + 1).padStart(2, '0')}`;

/** Which assets the account i loses, an entry a payment. */
function assetsOf(i: number): AssetId[] {
  const assets = i % 3 === 2 ? [bitcoin] : [ether];
  if (i % 7 === 0) assets.push(ether);
  if (i % 11 === 0) assets.push(bitcoin);
  if (i % 12 === 0) assets.push(tokenAsset);
  return assets;
}

/** Every payment that was stolen, in the order in which they are made. */
export function stolen(): Payment[] {
  const wanted = Array.from({ length: victims }, (_, i) => assetsOf(i).map((asset) => ({ i, asset }))).flat();
  const left = new Map(
    [...lost].map(([asset, total]) => [asset, shares(total, wanted.filter((one) => one.asset === asset).length)]),
  );
  return wanted.map(({ i, asset }, n) => {
    const amount = left.get(asset)?.shift() ?? 0n;
    const addresses = thieves[asset] ?? [];
    const destination = addresses[i % addresses.length];
    if (destination === undefined) throw new Error(`nobody steals ${asset}`);
    return { id: `w-${String(n + 1).padStart(4, '0')}`, account: victim(i), asset, amount, destination };
  });
}

export interface January {
  readonly of: BitcoinStation;
  readonly station: TestStation;
  /** Ids of the withdrawals that the exchange calls stolen: those that were paid, and two that were stopped. */
  readonly disputed: readonly string[];
}

/** A station that lived through it; it runs on. Takes about ten seconds. */
export async function january(): Promise<January> {
  const of = await BitcoinStation.open({
    automatic: true,
    operators: {},
    founded: Date.parse('2022-01-14T18:00:00Z'),
    policy: (document) =>
      document.replace('symbol: TBTC', 'symbol: BTC').replace('nonce_window: 4', 'nonce_window: 1000'),
  });
  const { station } = of;
  // Some four thousand commits, of which none has to outlive a crash.
  station.db.pragma('synchronous = OFF');
  const payments = stolen();
  const people = new Map<string, Customer>();
  for (const account of [...Array(victims).keys()].map(victim).concat([...Array(honest).keys()].map(customer))) {
    if (account === customer(0)) station.time.pass(60_000);
    people.set(account, await station.enrol(account));
    station.time.pass(7_000);
  }
  station.passDay();
  const listed = new Set<string>();
  for (const { account, destination } of payments) await list(people, listed, account, destination);
  for (let i = 0; i < honest; i++) {
    await list(people, listed, customer(i), alicesAddress);
    await list(people, listed, customer(i), payees.pkh);
  }
  await station.deliver();
  station.passDay();
  const chainOf = new Paying(of, people);
  // An evening like any other.
  for (let i = 0; i < honest; i++) {
    await chainOf.pay([honestly(`h-before-${i}`, i, ether)]);
    station.time.pass(600_000);
  }
  station.time.pass(Date.parse('2022-01-17T00:38:00Z') - station.time.wall);
  await robbed(station, chainOf, people, payments);
  const stopped = await stop(station, chainOf);
  for (let i = 0; i < honest; i++) {
    await refused(chainOf.authorize(honestly(`h-frozen-${i}`, i, ether)));
    station.time.pass(300_000);
  }
  station.time.pass(Date.parse('2022-01-18T14:00:00Z') - station.time.wall);
  await station.operators.act(['olivia', 'oscar'], 'thaw', 'station');
  await station.operators.ripen();
  await chainOf.pay([honestly('h-after', 1, bitcoin)]);
  await station.settle();
  return { of, station, disputed: [...payments.map(({ id }) => id), ...stopped] };
}

async function list(
  people: ReadonlyMap<string, Customer>,
  listed: Set<string>,
  account: string,
  destination: Address,
): Promise<void> {
  const key = `${account} ${destination}`;
  if (listed.has(key)) return;
  listed.add(key);
  await people.get(account)?.list(`entry-${listed.size}`, destination, 'my wallet');
}

function honestly(id: string, i: number, asset: AssetId): Payment {
  const amount = asset === bitcoin ? 1_000_000n : 10n ** 17n * BigInt(i + 1);
  return { id, account: customer(i), asset, amount, destination: asset === bitcoin ? payees.pkh : alicesAddress };
}

/** Half past midnight, for two hours: faster and faster, then thinner; honest payments among them, and attempts that fail. */
async function robbed(
  station: TestStation,
  chainOf: Paying,
  people: ReadonlyMap<string, Customer>,
  payments: readonly Payment[],
): Promise<void> {
  const coins: Payment[] = [];
  for (const [n, payment] of payments.entries()) {
    if (payment.asset === bitcoin) coins.push(payment);
    else await chainOf.pay([payment]);
    if (coins.length === perBatch) await chainOf.pay(coins.splice(0));
    if (n % 60 === 30) await chainOf.pay([honestly(`h-during-${n}`, Math.floor(n / 60) % honest, ether)]);
    // A prompt that nobody confirmed by finger or PIN; an address that was never listed.
    const person = people.get(payment.account);
    if (n % 15 === 4)
      await refused(
        person?.authorize(`x-${n}`, { destination: payment.destination, amount: 10n ** 18n }, { userVerified: false }),
      );
    if (n % 25 === 9)
      await refused(person?.authorize(`y-${n}`, { destination: ethereumAddress('unlisted'), amount: 10n ** 18n }));
    const thick = 1 + Math.abs(n / payments.length - 0.45) * 6;
    station.time.pass(Math.round(6_000 * thick));
  }
  if (coins.length > 0) await chainOf.pay(coins);
}

/** What was authorized and not paid yet when operators froze the station. */
async function stop(station: TestStation, chainOf: Paying): Promise<string[]> {
  const late = [0, 1].map((i) => ({
    id: `late-${i + 1}`,
    account: victim(i * 3),
    asset: ether,
    amount: 5n * 10n ** 18n,
    destination: thieves[ether]?.[0] ?? mallorysAddress,
  }));
  for (const payment of late) await chainOf.authorize(payment);
  station.time.pass(45_000);
  await station.operators.sign('olivia', 'freeze', 'account:customer-0001', 'its owner did not pay this');
  station.time.pass(90_000);
  await station.operators.sign('omar', 'freeze', 'station', 'payments that their owners did not make');
  station.time.pass(30_000);
  for (const payment of late) await refused(chainOf.transact([payment]));
  return late.map(({ id }) => id);
}

async function refused(attempt: Promise<unknown> | undefined): Promise<void> {
  const done = await attempt?.then(
    () => true,
    () => false,
  );
  if (done !== false) throw new Error('what should have been refused was not');
}

/** The exchange's withdrawal service: authorizes, makes transactions of one chain, and counts nonces and coins. */
class Paying {
  readonly #of: BitcoinStation;
  readonly #people: ReadonlyMap<string, Customer>;
  #nonce = 0;
  #coins = 0;

  constructor(of: BitcoinStation, people: ReadonlyMap<string, Customer>) {
    this.#of = of;
    this.#people = people;
  }

  async authorize({ id, account, asset, amount, destination }: Payment): Promise<void> {
    const person = this.#people.get(account);
    if (person === undefined) throw new Error(`there is no ${account}`);
    const maxFee = asset === bitcoin ? 100_000n : 2_000_000_000_000_000n;
    await person.authorize(id, { asset, amount, destination, maxFee });
  }

  async pay(payments: readonly Payment[]): Promise<TransactionRecord> {
    for (const payment of payments) await this.authorize(payment);
    return this.transact(payments);
  }

  async transact(payments: readonly Payment[]): Promise<TransactionRecord> {
    const [first] = payments;
    if (first === undefined) throw new Error('nothing to pay');
    const ids = payments.map(({ id }) => id as WithdrawalId);
    if (first.asset === bitcoin) return this.#of.pay(ids, this.#request(payments), { wallet: 'btc-1' });
    const native = first.asset === ether;
    const address = first.destination.slice(chain.length + 1) as `0x${string}`;
    const unsigned = this.#of.station.payment({
      nonce: this.#nonce++,
      gas: native ? 21_000n : 65_000n,
      to: native ? address : token,
      value: native ? first.amount : 0n,
      ...(native
        ? {}
        : { data: encodeFunctionData({ abi: erc20Abi, functionName: 'transfer', args: [address, first.amount] }) }),
    });
    return this.#of.station.sign(ids, unsigned);
  }

  #request(payments: readonly Payment[]): Parameters<BitcoinStation['pay']>[1] {
    const salt = ++this.#coins;
    const amount = payments.reduce((sum, payment) => sum + payment.amount, 0n) + 1_000_000n;
    return {
      coins: [{ branch: 0, index: salt % 20, amount, salt }],
      outputs: [
        ...payments.map((payment) => to(payment.destination, payment.amount)),
        { index: salt % 20, amount: 1_000_000n - 10_000n },
      ],
    };
  }
}
