import {
  type ChainId,
  hasDataFee,
  isTestNetwork,
  Malformed,
  parseChainId,
  parsePositiveAmount,
} from '../../domain/index.ts';
import { Members } from '../document.ts';
import { lessTightens, listed, moreTightens } from './change.ts';
import { inUnits } from './english.ts';
import { keyed } from './keyed.ts';
import type { Section } from './section.ts';

export interface ChainPolicy {
  readonly chain: ChainId;
  /** The most that one transaction may cost in fees, base units of the native asset. */
  readonly maxFee: bigint;
  /** The most per gas, wei; on Bitcoin per 1000 virtual bytes, satoshi. */
  readonly maxFeeRate: bigint;
  /** Fees that the transaction does not state (rollups' data fees): the most that one may cost; 0n where there are none. */
  readonly dataFee: bigint;
  readonly accessListEntries: number;
  /** Bitcoin: how far beyond the highest index that the wallet's change was seen at new change may lie; 0 elsewhere. */
  readonly changeGap: number;
  /** Bitcoin: the highest block that a transaction may be locked until; 0 where none may be. */
  readonly lockHeight: number;
}

export interface ChainsPart {
  readonly chains: ReadonlyMap<ChainId, ChainPolicy>;
}

export const chainsSection: Section<ChainsPart> = {
  title: 'Chains',
  parse: (top) => ({ chains: keyed(top.list('chains', parseChain), (c) => c.chain, top.at('chains')) }),
  changes: (was, will) =>
    listed('chains', was.chains, will.chains, {
      say: sayChain,
      added: 'looser',
      removed: 'tighter',
      kept: (member, old, fresh) => [
        ...lessTightens(`${member}.max_fee`, old.maxFee, fresh.maxFee),
        ...lessTightens(`${member}.${terms(old.chain).rate}`, old.maxFeeRate, fresh.maxFeeRate),
        // It counts towards every ceiling: who assumes less of it lets the transaction itself cost more.
        ...moreTightens(`${member}.data_fee`, old.dataFee, fresh.dataFee),
        ...lessTightens(`${member}.access_list_entries`, old.accessListEntries, fresh.accessListEntries),
        ...lessTightens(`${member}.change_gap`, old.changeGap, fresh.changeGap),
        ...lessTightens(`${member}.lock_height`, old.lockHeight, fresh.lockHeight),
      ],
    }),
  say: ({ chains }) =>
    chains.size === 0 ? ['No chain is served.'] : [...chains.values()].map((chain) => `${sayChain(chain)}.`),
};

/** How a chain's documents and sentences speak of fees. */
interface Terms {
  /** The member that bounds the fee rate. */
  readonly rate: 'max_fee_per_gas' | 'max_fee_per_kvb';
  readonly decimals: number;
  readonly sayRate: (rate: bigint) => string;
}

const ethereum: Terms = {
  rate: 'max_fee_per_gas',
  decimals: 18,
  sayRate: (rate) => `${inUnits(rate, 9)} gwei per gas`,
};
const bitcoin: Terms = {
  rate: 'max_fee_per_kvb',
  decimals: 8,
  sayRate: (rate) => `${inUnits(rate, 3)} satoshi per virtual byte`,
};

function terms(chain: ChainId): Terms {
  return chain.startsWith('bip122:') ? bitcoin : ethereum;
}

function sayChain({
  chain,
  maxFee,
  maxFeeRate,
  dataFee,
  accessListEntries,
  changeGap,
  lockHeight,
}: ChainPolicy): string {
  const network = isTestNetwork(chain) ? 'a test network' : 'a main network';
  const { decimals, sayRate } = terms(chain);
  const data = dataFee === 0n ? '' : `, of which up to ${inUnits(dataFee, decimals)} that it does not state`;
  const begin = `On ${chain}, ${network}, a transaction may cost up to ${inUnits(maxFee, decimals)} of the native asset in fees${data}, up to ${sayRate(maxFeeRate)}`;
  if (terms(chain) === bitcoin) {
    const lock = lockHeight === 0 ? 'not be locked until a later block' : `be locked until block ${lockHeight} at most`;
    return `${begin}, may ${lock}, and sends change at most ${changeGap} addresses ahead of the highest that was seen`;
  }
  const list = accessListEntries === 0 ? 'no access list' : `an access list of up to ${accessListEntries} entries`;
  return `${begin}, and may have ${list}`;
}

function parseChain(value: unknown, place: string): ChainPolicy {
  const of = new Members(value, place);
  const chain = parseChainId(of.text('chain'), of.at('chain'));
  const { rate } = terms(chain);
  const common = {
    chain,
    maxFee: parsePositiveAmount(of.text('max_fee'), of.at('max_fee')),
    maxFeeRate: parsePositiveAmount(of.text(rate), of.at(rate)),
  };
  const result =
    terms(chain) === bitcoin ? { ...common, ...parseBitcoin(of) } : { ...common, ...parseEthereum(of, chain) };
  of.done();
  return result;
}

type OwnTerms = Pick<ChainPolicy, 'dataFee' | 'accessListEntries' | 'changeGap' | 'lockHeight'>;

function parseEthereum(of: Members, chain: ChainId): OwnTerms {
  const dataFee = of.has('data_fee') ? parsePositiveAmount(of.text('data_fee'), of.at('data_fee')) : 0n;
  if (dataFee === 0n && hasDataFee(chain)) {
    throw new Malformed(of.at('data_fee'), `is missing: ${chain} charges fees that its transactions do not state`);
  }
  return { dataFee, accessListEntries: of.count('access_list_entries', 0, 256), changeGap: 0, lockHeight: 0 };
}

/** BIP-113 and Bitcoin's consensus rules: a lock from 500,000,000 on is a time, not a block. */
const highestBlock = 499_999_999;

function parseBitcoin(of: Members): OwnTerms {
  return {
    dataFee: 0n,
    accessListEntries: 0,
    changeGap: of.count('change_gap', 1, 10_000),
    lockHeight: of.has('lock_height') ? of.count('lock_height', 0, highestBlock) : 0,
  };
}
